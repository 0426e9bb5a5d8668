variable "export" {
  description = "What is exported, when, and what it may cost: the planner's and fetcher's settings, in the words and with the defaults of docs/settings.md. `since` is the day before the first apply unless it is given."
  type = object({
    since                   = optional(string)
    tables                  = optional(set(string), ["events", "people"])
    interval_minutes        = optional(number, 60)
    settle_minutes          = optional(number, 15)
    verify_after_hours      = optional(number, 24)
    sweep_days              = optional(number, 100)
    people_snapshot_minutes = optional(number, 1440)
    people_changes_minutes  = optional(number, 0)
    last_seen_overlap_hours = optional(number, 24)
    heal_after_minutes      = optional(number, 180)
    heal_horizon_hours      = optional(number, 168)
    reload_after_minutes    = optional(number, 60)
    requests_per_hour       = optional(number, 40)
  })
  default  = {}
  nullable = false

  validation {
    # Mixpanel was founded in 2009.
    condition = var.export.since == null || try(
      can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.export.since))
      && timecmp("${var.export.since}T00:00:00Z", "2009-01-01T00:00:00Z") >= 0,
      false,
    )
    error_message = "export.since must be a day such as 2026-11-22, not before 2009-01-01."
  }

  validation {
    condition = (
      length(var.export.tables) > 0
      && length(setsubtract(var.export.tables, ["events", "people"])) == 0
    )
    error_message = "export.tables must be one or both of \"events\" and \"people\"."
  }

  validation {
    condition     = try(1440 % var.export.interval_minutes == 0, false) && var.export.interval_minutes >= 1 && floor(var.export.interval_minutes) == var.export.interval_minutes
    error_message = "export.interval_minutes must be minutes that divide 24 hours, such as 5, 15, 60 or 1440."
  }

  validation {
    condition     = var.export.settle_minutes >= 0 && var.export.settle_minutes <= 1440 && floor(var.export.settle_minutes) == var.export.settle_minutes
    error_message = "export.settle_minutes must be a whole number from 0 to 1440."
  }

  validation {
    condition     = var.export.verify_after_hours >= 0 && var.export.verify_after_hours <= 168 && floor(var.export.verify_after_hours) == var.export.verify_after_hours
    error_message = "export.verify_after_hours must be a whole number from 0 to 168; 0 turns second looks off."
  }

  validation {
    condition     = var.export.sweep_days == 0 || (var.export.sweep_days >= 8 && var.export.sweep_days <= 1000 && floor(var.export.sweep_days) == var.export.sweep_days)
    error_message = "export.sweep_days must be 0, which turns the sweep off, or a whole number from 8 to 1000."
  }

  validation {
    condition = alltrue([
      for minutes in [var.export.people_snapshot_minutes, var.export.people_changes_minutes] :
      minutes == 0 || (try(1440 % minutes == 0, false) && minutes >= 1 && floor(minutes) == minutes)
    ])
    error_message = "export.people_snapshot_minutes and export.people_changes_minutes must each be 0, which turns it off, or minutes that divide 24 hours, such as 15, 60 or 1440."
  }

  validation {
    condition     = var.export.last_seen_overlap_hours >= 0 && var.export.last_seen_overlap_hours <= 168 && floor(var.export.last_seen_overlap_hours) == var.export.last_seen_overlap_hours
    error_message = "export.last_seen_overlap_hours must be a whole number from 0 to 168."
  }

  validation {
    condition     = var.export.heal_after_minutes >= 30 && var.export.heal_after_minutes <= 1440 && floor(var.export.heal_after_minutes) == var.export.heal_after_minutes
    error_message = "export.heal_after_minutes must be a whole number from 30 to 1440."
  }

  validation {
    condition     = var.export.heal_horizon_hours >= 1 && var.export.heal_horizon_hours <= 744 && floor(var.export.heal_horizon_hours) == var.export.heal_horizon_hours
    error_message = "export.heal_horizon_hours must be a whole number from 1 to 744."
  }

  validation {
    condition     = var.export.reload_after_minutes >= 10 && var.export.reload_after_minutes <= 1440 && floor(var.export.reload_after_minutes) == var.export.reload_after_minutes
    error_message = "export.reload_after_minutes must be a whole number from 10 to 1440."
  }

  validation {
    condition     = var.export.requests_per_hour >= 4 && var.export.requests_per_hour <= 1000 && floor(var.export.requests_per_hour) == var.export.requests_per_hour
    error_message = "export.requests_per_hour must be a whole number from 4 to 1000; Mixpanel allows 60 (https://docs.mixpanel.com/reference/rate-limits)."
  }

  # What follows are the planner's own rules (planner_rules.py), so that a plan says what the
  # planner would say in its log after the deployment.

  validation {
    # An interval of nothing is refused above.
    condition = !contains(var.export.tables, "events") || var.export.interval_minutes <= 0 || (
      var.export.requests_per_hour >= (
        ceil(60 / max(var.export.interval_minutes, 1)) * (var.export.verify_after_hours == 0 ? 1 : 2)
        + (var.export.sweep_days == 0 ? 0 : 1) + 1
      )
    )
    error_message = "Events cost more exports an hour than export.requests_per_hour: one for each interval, two with second looks, one for the sweep and one to spare. Raise export.interval_minutes, or set export.verify_after_hours to 0."
  }

  validation {
    condition = !contains(var.export.tables, "people") || var.export.requests_per_hour > sum([
      for minutes in [var.export.people_snapshot_minutes, var.export.people_changes_minutes] :
      minutes == 0 ? 0 : ceil(60 / minutes)
    ])
    error_message = "People cost more queries an hour than export.requests_per_hour: one for each snapshot and each fetch of changes, and one to spare. Raise export.people_snapshot_minutes or export.people_changes_minutes."
  }

  validation {
    condition = !contains(var.export.tables, "people") || (
      var.export.people_snapshot_minutes + var.export.people_changes_minutes > 0
    )
    error_message = "export.tables has people and neither mode is on: set export.people_snapshot_minutes to 1440, or export.people_changes_minutes to 60, or export.tables to [\"events\"]."
  }

  validation {
    condition = (
      var.export.verify_after_hours == 0
      || var.export.verify_after_hours * 60 > var.export.settle_minutes
    )
    error_message = "export.verify_after_hours must be longer than export.settle_minutes, or 0."
  }

  validation {
    condition = var.export.heal_horizon_hours * 60 >= (
      var.export.settle_minutes + var.export.interval_minutes + var.export.verify_after_hours * 60
    )
    error_message = "export.heal_horizon_hours must hold export.settle_minutes, export.interval_minutes and export.verify_after_hours together: raise it."
  }
}

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
