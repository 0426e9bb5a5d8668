# What each variable refuses, and the outermost values that it takes. The values are only those that
# no other rule refuses; tests/terraform/test_inputs.py looks at each message, and has more of them.

variables {
  mixpanel_project_id = "1234567"
  notification_emails = ["data@example.com"]
  project_id          = "acme-analytics"
  region              = "europe-west1"
}

run "names_that_are_none" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    alerting            = { channels = ["data-team"] }
    fetcher_instances   = 0
    kms_key_name        = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
    labels              = { Team = "data" }
    location            = "eu"
    mixpanel            = { region = "de" }
    mixpanel_project_id = "web"
    mixpanel_secret_id  = "projects/p/secrets/s"
    notification_emails = ["data-team"]
    prefix              = "-web"
    project_id          = "123456789012"
    readers             = ["analysts@example.com"]
    region              = "europe"
    retention           = { rejects_days = 0 }
  }

  expect_failures = [var.alerting, var.fetcher_instances, var.kms_key_name, var.labels, var.location, var.mixpanel, var.mixpanel_project_id, var.mixpanel_secret_id, var.notification_emails, var.prefix, var.project_id, var.readers, var.region, var.retention]
}

run "values_beyond_their_bounds" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    alerting          = { gap_objective_hours = 0 }
    fetcher_instances = 21
    labels            = { app = "other" }
    mixpanel          = { project_timezone = "UTC+1 " }
    prefix            = "sixteen-letters1"
    retention         = { landed_days = 7 }
  }

  expect_failures = [var.alerting, var.fetcher_instances, var.labels, var.mixpanel, var.prefix, var.retention]
}

run "values_that_are_wrong_in_other_ways" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    alerting          = { severities = { gaps = "PANIC" } }
    fetcher_instances = 1.5
    mixpanel          = { url = "http://mixpanel.example.com" }
    prefix            = "web-"
    retention         = { people_days = 6 }
  }

  expect_failures = [var.alerting, var.fetcher_instances, var.mixpanel, var.prefix, var.retention]
}

run "a_slack_channel_without_its_sign" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    alerting         = { slack = { channel_name = "data-alerts" } }
    slack_auth_token = "token"
  }

  expect_failures = [var.alerting]
}

run "channels_without_their_keys" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    alerting = {
      pagerduty = {}
      slack     = { channel_name = "#data-alerts" }
    }
  }

  expect_failures = [var.pagerduty_service_key, var.slack_auth_token]
}

run "since_is_no_day" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { since = "2026-02-30" }
  }

  expect_failures = [var.export]
}

run "since_is_before_mixpanel" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { since = "2008-12-31" }
  }

  expect_failures = [var.export]
}

run "no_table" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { tables = [] }
  }

  expect_failures = [var.export]
}

run "a_table_that_is_none" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { tables = ["events", "groups"] }
  }

  expect_failures = [var.export]
}

run "an_interval_that_does_not_divide_a_day" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { interval_minutes = 7 }
  }

  expect_failures = [var.export]
}

run "an_interval_of_nothing" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { interval_minutes = 0 }
  }

  expect_failures = [var.export]
}

run "settle_delay_too_long" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { settle_minutes = 1441 }
  }

  expect_failures = [var.export]
}

run "second_look_too_late" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { verify_after_hours = 169 }
  }

  expect_failures = [var.export]
}

run "sweep_within_the_lookback" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { sweep_days = 7 }
  }

  expect_failures = [var.export]
}

run "snapshots_that_do_not_divide_a_day" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { people_snapshot_minutes = 1000 }
  }

  expect_failures = [var.export]
}

run "changes_that_do_not_divide_a_day" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { people_changes_minutes = 50 }
  }

  expect_failures = [var.export]
}

run "overlap_too_long" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { last_seen_overlap_hours = 169 }
  }

  expect_failures = [var.export]
}

run "healing_too_early" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { heal_after_minutes = 29 }
  }

  expect_failures = [var.export]
}

run "horizon_too_far" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { heal_horizon_hours = 745 }
  }

  expect_failures = [var.export]
}

run "reloading_too_early" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { reload_after_minutes = 9 }
  }

  expect_failures = [var.export]
}

run "budget_too_small" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { requests_per_hour = 3 }
  }

  expect_failures = [var.export]
}

run "events_over_budget" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { interval_minutes = 3 }
  }

  expect_failures = [var.export]
}

run "people_over_budget" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { people_changes_minutes = 1 }
  }

  expect_failures = [var.export]
}

run "people_without_a_mode" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { people_snapshot_minutes = 0 }
  }

  expect_failures = [var.export]
}

run "second_look_before_the_first" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = {
      settle_minutes     = 60
      verify_after_hours = 1
    }
  }

  expect_failures = [var.export]
}

run "horizon_before_the_second_look" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = { heal_horizon_hours = 25 }
  }

  expect_failures = [var.export]
}

run "lowest_values" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    alerting = { gap_objective_hours = 1 }
    export = {
      since                   = "2009-01-01"
      tables                  = ["people"]
      interval_minutes        = 1
      settle_minutes          = 0
      verify_after_hours      = 0
      sweep_days              = 8
      people_snapshot_minutes = 0
      people_changes_minutes  = 1440
      last_seen_overlap_hours = 0
      heal_after_minutes      = 30
      heal_horizon_hours      = 1
      reload_after_minutes    = 10
      requests_per_hour       = 4
    }
    fetcher_instances   = 1
    labels              = { a = "" }
    mixpanel_project_id = "1"
    mixpanel_secret_id  = "s"
    prefix              = "a"
    project_id          = "acme-1"
    retention = {
      landed_days  = 1
      people_days  = 7
      rejects_days = 1
    }
  }
}

run "highest_values" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    alerting = {
      channels            = ["projects/p/notificationChannels/1"]
      critical_channels   = ["projects/p/notificationChannels/2"]
      gap_objective_hours = 168
      severities          = { gaps = "WARNING", budget = "CRITICAL", bugs = "ERROR" }
    }
    export = {
      since                   = "2026-02-28"
      tables                  = ["events", "people"]
      interval_minutes        = 1440
      settle_minutes          = 1440
      verify_after_hours      = 168
      sweep_days              = 1000
      people_snapshot_minutes = 1440
      people_changes_minutes  = 1440
      last_seen_overlap_hours = 168
      heal_after_minutes      = 1440
      heal_horizon_hours      = 744
      reload_after_minutes    = 1440
      requests_per_hour       = 1000
    }
    fetcher_instances = 20
    kms_key_name      = "projects/p/locations/europe/keyRings/r/cryptoKeys/k"
    labels            = { a_2-b = "0_-" }
    location          = "EU"
    mixpanel = {
      project_timezone = "America/Argentina/Buenos_Aires"
      region           = "in"
      url              = "https://mixpanel.example.com:8443"
      where            = "properties[\"plan\"] == \"paid\""
    }
    mixpanel_project_id = "9223372036854775807"
    mixpanel_secret_id  = "A_b-9"
    notification_emails = []
    prefix              = "fifteen-letters"
    project_id          = "a-project-id-of-thirty-letters"
    readers = [
      "domain:example.com",
      "group:analysts@example.com",
      "principalSet://iam.googleapis.com/locations/global/workforcePools/pool/group/analysts",
      "serviceAccount:reports@acme-bi.iam.gserviceaccount.com",
      "user:somebody@example.com",
    ]
    region    = "us-west4"
    retention = { landed_days = 3650 }
  }
}

run "budgets_that_just_do" {
  command = plan
  module {
    source = "./tests/inputs"
  }
  variables {
    export = {
      interval_minutes        = 4
      people_changes_minutes  = 2
      people_snapshot_minutes = 8
      requests_per_hour       = 39
    }
  }
}
