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
