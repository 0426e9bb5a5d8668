variable "function" {
  description = "Name of a folder under `functions/`."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["fetcher", "loader", "planner"], var.function)
    error_message = "function must be one of fetcher, loader, planner."
  }
}

variable "root" {
  description = "Folder of the repository."
  type        = string
  nullable    = false
}
