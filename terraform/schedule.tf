# Times that follow from one another. Alert windows are derived from these, so they hold for every
# length of interval and every settle delay that the variables allow.

locals {
  # What becomes due while live, apart from the sweep and snapshots, which can wait for an hour.
  _live_minutes = concat(
    [60],
    contains(var.export.tables, "events") ? [var.export.interval_minutes] : [],
    contains(var.export.tables, "people") ? [var.export.people_changes_minutes] : [],
  )

  # At least one tick an hour, as the budget is one of hours: each asks for what the last hour has
  # left of it. The most that divides all lengths, so that a tick meets the end of each interval:
  # 60 for 60 minutes and for a day, 15 for 15, and 30 for 90. What is off has length 0, which
  # every number divides.
  _tick_minutes = max([
    for minutes in range(1, 61) : minutes
    if alltrue([for length in local._live_minutes : length % minutes == 0])
  ]...)

  # The minute within a tick at which an interval has just settled.
  _settled_minute = var.export.settle_minutes % local._tick_minutes

  schedule = {
    interval_minutes = var.export.interval_minutes
    settle_minutes   = var.export.settle_minutes
    tick_minutes     = local._tick_minutes
    cron = join(" ", [
      join(",", range(local._settled_minute, 60, local._tick_minutes)), "*", "*", "*", "*",
    ])
  }

  # Each waits longer than the one before, so that whoever gives up is heard by the next: the code
  # itself (deadlines.py), then Cloud Run, then Pub/Sub, whose acknowledgement deadline is the
  # timeout of a push, at most 600 s (cloud.google.com/pubsub/docs/push).
  deadlines = {
    delivery_seconds = 500
    function_seconds = 540
    ack_seconds      = 600
  }
}
