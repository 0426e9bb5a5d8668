variable "fetcher_instances" {
  description = "How many requests are fetched at once, at most. Mixpanel allows 3 calls a second, and 5 queries at once (https://docs.mixpanel.com/reference/rate-limits). An export is one call and takes a second at least, so three stay below that. With fewer, the messages of a full hour's budget wait longer, and a push that is refused because all are busy counts as a delivery."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.fetcher_instances >= 1 && var.fetcher_instances <= 20 && floor(var.fetcher_instances) == var.fetcher_instances
    error_message = "fetcher_instances must be a whole number from 1 to 20."
  }
}

variable "kms_key_name" {
  description = "A Cloud KMS key of your own for buckets, topics, datasets and tables, as `projects/P/locations/L/keyRings/R/cryptoKeys/K`, in a location that fits `location`. Google's own keys are used without it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_name == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key_name))
    error_message = "kms_key_name must be projects/P/locations/L/keyRings/R/cryptoKeys/K, without a version."
  }
}

variable "labels" {
  description = "Labels for everything that takes labels, besides `app` and `component`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key, value in var.labels :
      can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "labels must have keys and values of lower-case letters, digits, _ and -, at most 63 each, and keys that begin with a letter."
  }

  validation {
    condition     = length(setintersection(keys(var.labels), ["app", "component"])) == 0
    error_message = "labels must not hold app or component: every resource has its own."
  }
}

variable "location" {
  description = "Where the data lies: of the datasets and of the export bucket, which must go together. A region, or EU or US. The `region` unless it is given."
  type        = string
  default     = null

  validation {
    condition     = var.location == null || can(regex("^([a-z]+-[a-z]+[0-9]+|EU|US)$", var.location))
    error_message = "location must be a region such as europe-west1, or EU, or US."
  }
}

variable "mixpanel" {
  description = "The Mixpanel project: the settings MIXPANEL_REGION, MIXPANEL_URL, MIXPANEL_WHERE and PROJECT_TIMEZONE of docs/settings.md. Say `project_timezone = \"UTC\"` for projects made in 2023 or later."
  type = object({
    region           = optional(string, "us")
    url              = optional(string)
    where            = optional(string)
    project_timezone = optional(string, "America/New_York")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["us", "eu", "in"], var.mixpanel.region)
    error_message = "mixpanel.region must be one of us, eu, in."
  }

  validation {
    # The code also takes http:// and a host of this machine, which no function can mean.
    condition     = var.mixpanel.url == null || can(regex("^https://[^/?#\\s@]+$", var.mixpanel.url))
    error_message = "mixpanel.url must be https:// and a host, without path or credentials."
  }

  validation {
    # Whether there is such a zone, only the functions know.
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", var.mixpanel.project_timezone))
    error_message = "mixpanel.project_timezone must be an IANA zone such as America/New_York, or UTC."
  }
}

variable "mixpanel_project_id" {
  description = "Number of the Mixpanel project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{1,19}$", var.mixpanel_project_id))
    error_message = "mixpanel_project_id must be the number of the Mixpanel project, such as 1234567."
  }
}

variable "mixpanel_secret_id" {
  description = "Name of an existing secret of this project whose newest version is `username:secret` of a Mixpanel service account. Without it the secret is made, and its value must be added outside of Terraform before the fetcher can be deployed."
  type        = string
  default     = null

  validation {
    condition     = var.mixpanel_secret_id == null || can(regex("^[A-Za-z0-9_-]{1,255}$", var.mixpanel_secret_id))
    error_message = "mixpanel_secret_id must be the name of a secret in the same project, such as mixpanel-credentials."
  }
}

variable "prefix" {
  description = "Begins every name, and is ENVIRONMENT; it tells several deployments in one Google Cloud project apart. Never change it in a deployment that has data."
  type        = string
  default     = null

  validation {
    # A bucket's name has at most 63 characters, and a project's id 30 of them.
    condition     = var.prefix == null || can(regex("^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$", var.prefix))
    error_message = "prefix must be null, or at most 15 lower-case letters, digits and -, with a letter first and no - at the end."
  }

  validation {
    # cloud.google.com/storage/docs/buckets#naming, cloud.google.com/pubsub/docs/pubsub-basics
    condition     = var.prefix == null || !can(regex("^goog|google", var.prefix))
    error_message = "prefix must not begin with goog nor hold google: Cloud Storage and Pub/Sub keep such names for themselves."
  }
}

variable "project_id" {
  description = "Google Cloud project that everything is made in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be the id of a Google Cloud project, not its name or its number."
  }
}

variable "protect_data" {
  description = "Whether Terraform refuses to delete raw tables and the secret. Set it to false, apply, and only then destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "readers" {
  description = "Who may query the views, such as `group:analysts@example.com`. They need `roles/bigquery.jobUser` on a project of theirs, too."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for reader in var.readers :
      can(regex("^((user|serviceAccount|group):[^:@\\s]+@[^:@\\s]+|domain:[^:@\\s]+|principal(Set)?://.+)$", reader))
    ])
    error_message = "readers must be members such as user:a@example.com, group:b@example.com, serviceAccount:c@p.iam.gserviceaccount.com or domain:example.com."
  }
}

variable "region" {
  description = "Region of the functions, of Cloud Scheduler and of the build's images."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as europe-west1."
  }
}

variable "retention" {
  description = "For how many days landed objects and rejects are kept in the bucket; rows stay in BigQuery for ever. `people_days` lets rows of people expire. Without it they stay: when snapshots stop coming, an expiry would in the end empty the view. Once set it is taken back in BigQuery only."
  type = object({
    landed_days  = optional(number, 30)
    rejects_days = optional(number, 90)
    people_days  = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition = (
      var.retention.landed_days == floor(var.retention.landed_days)
      && var.retention.landed_days > var.export.heal_horizon_hours / 24
    )
    error_message = "retention.landed_days must be whole days, and more than export.heal_horizon_hours: what is neither in the bucket nor loaded is fetched again."
  }

  validation {
    condition     = var.retention.rejects_days >= 1 && var.retention.rejects_days == floor(var.retention.rejects_days)
    error_message = "retention.rejects_days must be whole days, at least 1."
  }

  validation {
    condition = var.retention.people_days == null || try(
      var.retention.people_days >= 7 && var.retention.people_days == floor(var.retention.people_days),
      false,
    )
    error_message = "retention.people_days must be null, or whole days, at least 7."
  }
}
