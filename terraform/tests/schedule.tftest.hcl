# What follows from the length of intervals and the settle delay: when the planner is called, and
# how long each alert waits. The numbers are said here once more, worked out by hand.

variables {
  mixpanel_project_id = "1234567"
  notification_emails = ["data@example.com"]
  project_id          = "acme-analytics"
  region              = "europe-west1"
}

run "intervals_of_5_minutes" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { interval_minutes = 5 }
  }

  assert {
    condition     = output.schedule.cron == "0,5,10,15,20,25,30,35,40,45,50,55 * * * *"
    error_message = "A tick every five minutes, as each interval has settled when another ends."
  }
  assert {
    condition     = output.windows.not_retrieved_seconds == 1500
    error_message = "Two intervals, ten minutes for a delivery and five to spare."
  }
  assert {
    condition     = output.series["events_recent"].late_after_seconds == 3000
    error_message = "The interval, its settle delay and half an hour."
  }
  assert {
    condition     = output.windows.planner_silent_seconds == 4200
    error_message = "An hour and ten minutes, however often it is called."
  }
  assert {
    condition     = output.windows.tick_seconds == 600 && output.windows.unloaded_ticks == 21
    error_message = "A tick and five minutes; nine tenths of the ticks of two hours."
  }
}

run "intervals_of_15_minutes" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { interval_minutes = 15, settle_minutes = 20 }
  }

  assert {
    condition     = output.schedule.cron == "5,20,35,50 * * * *"
    error_message = "Five minutes after the end of the next interval this one has settled."
  }
  assert {
    condition     = output.windows.not_retrieved_seconds == 2700
    error_message = "Two intervals, ten minutes for a delivery and five to spare."
  }
  assert {
    condition     = output.series["events_recent"].late_after_seconds == 3900
    error_message = "The interval, its settle delay and half an hour."
  }
}

run "intervals_of_an_hour" {
  command = plan
  module {
    source = "./tests/inputs"
  }

  assert {
    condition     = output.schedule.cron == "15 * * * *"
    error_message = "A quarter past each hour."
  }
  assert {
    condition     = output.windows.not_retrieved_seconds == 8100
    error_message = "Two hours and a quarter."
  }
  assert {
    condition     = output.series["events_recent"].late_after_seconds == 9900
    error_message = "The interval, its settle delay, and a tick and a half."
  }
  assert {
    condition     = output.windows.planner_silent_seconds == 7800
    error_message = "Two ticks and ten minutes."
  }
  assert {
    condition     = output.windows.tick_seconds == 3900 && output.windows.unloaded_ticks == 1
    error_message = "A tick and five minutes; both ticks of two hours."
  }
}

run "intervals_of_6_hours" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { interval_minutes = 360, settle_minutes = 90 }
  }

  assert {
    condition     = output.schedule.cron == "30 * * * *"
    error_message = "Still once an hour, as the budget is one of hours."
  }
  assert {
    condition     = output.windows.not_retrieved_seconds == 44100
    error_message = "Two intervals and a quarter of an hour: no longer than an absence may be."
  }
  assert {
    condition     = output.series["events_recent"].late_after_seconds == 32400
    error_message = "The interval, its settle delay, and a quarter of an interval."
  }
}

run "intervals_of_12_hours" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { interval_minutes = 720, settle_minutes = 0 }
  }

  assert {
    condition     = output.schedule.cron == "0 * * * *"
    error_message = "At the full hour, as nothing has to settle."
  }
  assert {
    condition     = output.windows.not_retrieved_seconds == 87300
    error_message = "More than the 23.5 hours that an absence may last: the alert is left out."
  }
  assert {
    condition     = output.series["events_recent"].late_after_seconds == 54000
    error_message = "The interval and a quarter of it."
  }
}

run "intervals_of_a_day" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { interval_minutes = 1440 }
  }

  assert {
    condition     = output.schedule.cron == "15 * * * *"
    error_message = "Still once an hour."
  }
  assert {
    condition     = output.series["events_recent"].late_after_seconds == 108900
    error_message = "The interval, its settle delay, and a quarter of an interval."
  }
  assert {
    condition     = output.windows.planner_silent_seconds == 7800
    error_message = "Two ticks and ten minutes."
  }
}

run "intervals_that_no_hour_is_a_multiple_of" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { interval_minutes = 90, settle_minutes = 40 }
  }

  assert {
    condition     = output.schedule.cron == "10,40 * * * *"
    error_message = "Every half an hour, which divides both: so a tick meets the end of each interval."
  }
}

run "changes_of_people_only" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = {
      tables                  = ["people"]
      people_snapshot_minutes = 0
      people_changes_minutes  = 15
      # Of events, which are off: it moves nothing.
      interval_minutes = 5
    }
  }

  assert {
    condition     = output.schedule.cron == "0,15,30,45 * * * *"
    error_message = "As often as changes are fetched."
  }
  assert {
    condition     = join(",", keys(output.series)) == "people_changes"
    error_message = "Nothing else can be late."
  }
  assert {
    condition     = output.windows.not_retrieved_seconds == 2700
    error_message = "Two intervals of changes and a quarter of an hour."
  }
}

run "all_series" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { people_changes_minutes = 60 }
  }

  assert {
    condition = { for name, series in output.series : name => series.late_after_seconds } == {
      events_recent   = 9900
      events_sweep    = 151200
      people_changes  = 9900
      people_snapshot = 108900
    }
    error_message = "A sweep is due at noon after its day, so it is late after 42 hours."
  }
}
