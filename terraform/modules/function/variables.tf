variable "build" {
  description = "What the build works with: the bucket for the zip, the repository for the image (its id), and the account that builds (its id)."
  type = object({
    bucket          = string
    repository      = string
    service_account = string
  })
  nullable = false
}

variable "cpu" {
  description = "How many vCPUs an instance has."
  type        = string
  nullable    = false
}

variable "description" {
  description = "What the function does, in a sentence."
  type        = string
  nullable    = false
}

variable "entry_point" {
  description = "Which function of `main.py` answers."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Environment variables, none of them secret."
  type        = map(string)
  nullable    = false
}

variable "invokers" {
  description = "Who may call it: a name for each -> a member."
  type        = map(string)
  nullable    = false
}

variable "labels" {
  description = "Labels of the function."
  type        = map(string)
  nullable    = false
}

variable "max_instances" {
  description = "How many instances there are at most, each with one request at a time."
  type        = number
  nullable    = false
}

variable "memory" {
  description = "Memory of an instance, such as `512Mi`."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the function, of its Cloud Run service and of its account."
  type        = string
  nullable    = false
}

variable "needs" {
  description = "Ids of what must be there before the function is built and starts."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "project_id" {
  description = "Google Cloud project."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the function."
  type        = string
  nullable    = false
}

variable "root" {
  description = "Folder of the repository."
  type        = string
  nullable    = false
}

variable "secrets" {
  description = "Environment variables that are secrets: the name of each -> a secret, the number of its version, and the number of its project."
  type = map(object({
    project_number = string
    secret         = string
    version        = string
  }))
  default  = {}
  nullable = false
}

variable "services" {
  description = "Id of what is there once the APIs are enabled."
  type        = string
  nullable    = false
}

variable "source_name" {
  description = "Folder of the function under `functions/`."
  type        = string
  nullable    = false
}

variable "timeout_seconds" {
  description = "How long a request may take."
  type        = number
  nullable    = false
}
