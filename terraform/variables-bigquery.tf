variable "compatibility" {
  description = "Datasets with views in the shape of the tables that another loader made: of Mixpanel's own export, Fivetran, Airbyte or a Singer tap (docs/compatibility.md). Each is made where it has a name, which is taken as it is, without `prefix`, so that queries find it."
  type = object({
    airbyte  = optional(string)
    fivetran = optional(string)
    mixpanel = optional(string)
    singer   = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for dataset in values(var.compatibility) :
      dataset == null || try(can(regex("^[A-Za-z0-9_]+$", dataset)) && length(dataset) <= 1024, false)
    ])
    error_message = "compatibility must have names of datasets: letters, digits and _ only."
  }

  validation {
    condition = (
      length(distinct([for dataset in values(var.compatibility) : lower(dataset) if dataset != null]))
      == length([for dataset in values(var.compatibility) : dataset if dataset != null])
    )
    error_message = "compatibility must name a dataset of its own for each vendor."
  }

  validation {
    condition = length(setintersection(
      [for dataset in values(var.compatibility) : lower(dataset) if dataset != null],
      [local.names.dataset, local.names.raw_dataset],
    )) == 0
    error_message = "compatibility must not name the dataset of the views or of the raw tables: choose another name, or set a prefix before the first apply."
  }
}

variable "maintenance" {
  description = "Scheduled queries for large projects; docs/costs.md says when each pays. `settle` keeps `events_settled`, a table with the rows of `events` of days that are older than a week. `collect` deletes superseded rows of events."
  type = object({
    collect            = optional(bool, false)
    collect_after_days = optional(number, 7)
    settle             = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition = (
      var.maintenance.collect_after_days >= 1
      && var.maintenance.collect_after_days == floor(var.maintenance.collect_after_days)
    )
    error_message = "maintenance.collect_after_days must be whole days, at least 1."
  }
}
