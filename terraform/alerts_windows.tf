# How long each thing may take before it is late, derived from the schedule, so that alerts are
# right for intervals of a minute and of a day.

locals {
  # Scheduler, Pub/Sub and log metrics take their time, which may be minutes
  # (https://cloud.google.com/logging/docs/logs-based-metrics/troubleshooting).
  _slack_seconds = 300

  _tick_seconds = local.schedule.tick_minutes * 60

  # The series that are wanted; `settle_minutes` is when an interval is due after its end. A sweep
  # is due at noon (reconciling.py).
  series = {
    for name, series in {
      events_recent = {
        table          = "events"
        mode           = "recent"
        minutes        = contains(var.export.tables, "events") ? local.schedule.interval_minutes : 0
        settle_minutes = local.schedule.settle_minutes
      }
      events_sweep = {
        table          = "events"
        mode           = "sweep"
        minutes        = contains(var.export.tables, "events") && var.export.sweep_days > 0 ? 1440 : 0
        settle_minutes = max(720, local.schedule.settle_minutes)
      }
      people_changes = {
        table          = "people"
        mode           = "changes"
        minutes        = contains(var.export.tables, "people") ? var.export.people_changes_minutes : 0
        settle_minutes = local.schedule.settle_minutes
      }
      people_snapshot = {
        table          = "people"
        mode           = "snapshot"
        minutes        = contains(var.export.tables, "people") ? var.export.people_snapshot_minutes : 0
        settle_minutes = local.schedule.settle_minutes
      }
      } : name => merge(series, {
        # Just before its successor is loaded the newest interval is one length and the settle delay
        # old. Late is what is older than that by more than half an hour, one tick and a half, or a
        # quarter of an interval: time for several deliveries, and of hourly intervals the second
        # miss in a row.
        late_after_seconds = ceil(60 * (
          series.minutes + series.settle_minutes
          + max(30, 1.5 * local.schedule.tick_minutes, series.minutes / 4)
        ))
    }) if series.minutes > 0
  }

  budget = {
    # Of each API family, in any hour (https://docs.mixpanel.com/reference/rate-limits).
    mixpanel_per_hour = 60
    # Nine tenths; the planner by itself stays at export.requests_per_hour.
    warn_above = 54
  }

  # Project secrets end on 2027-03-03. A service account is made in an hour, but whoever may make
  # one is not always there: a season to plan it, a month to do it.
  project_secret_days = {
    plan = 120
    act  = 30
  }

  windows = {
    # A tick's own line, with time for the tick to run late: neither more than two points nor none.
    tick_seconds = local._tick_seconds + local._slack_seconds

    # Two ticks in a row and what one call may last, at least an hour and that: a tick may be
    # missed or late, and Scheduler tries each five times.
    planner_silent_seconds = max(3600, 2 * local._tick_seconds) + local.deadlines.ack_seconds

    # Two intervals of the series that comes most often, and what one delivery may last. Of hourly
    # intervals 2 h 15 min: the second is late by a quarter of an hour. The settle delay moves all
    # of them alike, so it is no part of the distance between two.
    not_retrieved_seconds = (
      60 * 2 * min(values(local.series)[*].minutes...)
      + local.deadlines.ack_seconds + local._slack_seconds
    )

    # As `mixpanel-export status --objective-hours`.
    gap_objective_seconds = var.alerting.gap_objective_hours * 3600

    # Announced anew at every tick, an object is loaded within minutes. Still not so at nine of ten
    # ticks of two hours: announcing it does not help.
    unloaded_seconds = 7200 + local._slack_seconds
    unloaded_ticks   = floor(0.9 * 7200 / local._tick_seconds)

    # Twelve deliveries in a row may take all the time they have: a full hour's budget in the queue
    # of three instances, and an hour in which Mixpanel is down. Pub/Sub gives a message up after
    # nearly three hours at the earliest.
    fetch_unacked_seconds = 12 * local.deadlines.ack_seconds
    # A load takes seconds. After an hour the planner begins to announce objects again.
    load_unacked_seconds = 6 * local.deadlines.ack_seconds

    # The functions stop themselves at 500 s, 93 % of it.
    latency_ms = 0.8 * local.deadlines.function_seconds * 1000
  }
}
