# Each validation refuses something. A run breaks one rule of a variable at a time, and of many
# variables at once, so that no other rule hides it. What each says, and what lies on both sides of
# each bound, is in tests/terraform/test_inputs.py.

variables {
  mixpanel_project_id = "1234567"
  notification_emails = ["data@example.com"]
  project_id          = "acme-analytics"
  region              = "europe-west1"
}

run "first_rule_of_each_variable" {
  command = plan
  module { source = "./tests/inputs" }
  variables {
    alerting            = { channels = ["data-team"] }
    fetcher_instances   = 1.5
    kms_key_name        = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
    labels              = { Team = "data" }
    location            = "eu"
    maintenance         = { collect_after_days = 0 }
    mixpanel            = { region = "de" }
    mixpanel_project_id = "web"
    mixpanel_secret_id  = "projects/p/secrets/s"
    notification_emails = ["data-team"]
    prefix              = "-web"
    project_id          = "123456789012"
    readers             = ["analysts@example.com"]
    region              = "europe"
    retention           = { landed_days = 7 }
  }
  expect_failures = [var.alerting, var.fetcher_instances, var.kms_key_name, var.labels, var.location, var.maintenance, var.mixpanel, var.mixpanel_project_id, var.mixpanel_secret_id, var.notification_emails, var.prefix, var.project_id, var.readers, var.region, var.retention]
}

run "second_rule_of_each_variable" {
  command = plan
  module { source = "./tests/inputs" }
  variables {
    alerting  = { gap_objective_hours = 0 }
    labels    = { app = "other" }
    mixpanel  = { url = "http://mixpanel.example.com" }
    prefix    = "google"
    retention = { rejects_days = 0 }
  }
  expect_failures = [var.alerting, var.labels, var.mixpanel, var.prefix, var.retention]
}

run "third_rule_of_each_variable" {
  command = plan
  module { source = "./tests/inputs" }
  variables {
    alerting  = { severities = { gaps = "PANIC" } }
    mixpanel  = { project_timezone = "UTC+1 " }
    retention = { people_days = 6 }
  }
  expect_failures = [var.alerting, var.mixpanel, var.retention]
}

run "a_slack_channel_without_its_sign" {
  command = plan
  module { source = "./tests/inputs" }
  variables {
    alerting         = { slack = { channel_name = "data-alerts" } }
    slack_auth_token = "token"
  }
  expect_failures = [var.alerting]
}

run "channels_without_their_keys" {
  command = plan
  module { source = "./tests/inputs" }
  variables {
    alerting = { pagerduty = {}, slack = { channel_name = "#data-alerts" } }
  }
  expect_failures = [var.pagerduty_service_key, var.slack_auth_token]
}

# Those of `compatibility` look at names that follow from `prefix`, so not when that is refused.

run "a_dataset_with_a_hyphen" {
  command = plan
  module { source = "./tests/inputs" }
  variables { compatibility = { fivetran = "my-mixpanel" } }
  expect_failures = [var.compatibility]
}

run "a_dataset_for_two_vendors" {
  command = plan
  module { source = "./tests/inputs" }
  variables { compatibility = { airbyte = "loaded", singer = "Loaded" } }
  expect_failures = [var.compatibility]
}

run "a_dataset_that_is_ours" {
  command = plan
  module { source = "./tests/inputs" }
  variables { compatibility = { fivetran = "mixpanel" } }
  expect_failures = [var.compatibility]
}

# The rules of `export`, in their order.

run "export_since" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { since = "2026-02-30" } }
  expect_failures = [var.export]
}

run "export_tables" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { tables = ["groups"] } }
  expect_failures = [var.export]
}

run "export_interval" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { interval_minutes = 7 } }
  expect_failures = [var.export]
}

run "export_settle" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { settle_minutes = -1 } }
  expect_failures = [var.export]
}

run "export_verify" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { verify_after_hours = 24.5 } }
  expect_failures = [var.export]
}

run "export_sweep" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { sweep_days = 7 } }
  expect_failures = [var.export]
}

run "export_people_lengths" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { people_snapshot_minutes = 1000 } }
  expect_failures = [var.export]
}

run "export_overlap" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { last_seen_overlap_hours = 169 } }
  expect_failures = [var.export]
}

run "export_heal_after" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { heal_after_minutes = 29 } }
  expect_failures = [var.export]
}

run "export_horizon" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { heal_horizon_hours = 168.5 } }
  expect_failures = [var.export]
}

run "export_reload" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { reload_after_minutes = 9 } }
  expect_failures = [var.export]
}

run "export_budget" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { requests_per_hour = 1001 } }
  expect_failures = [var.export]
}

run "events_over_budget" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { interval_minutes = 3 } }
  expect_failures = [var.export]
}

run "people_over_budget" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { people_changes_minutes = 1 } }
  expect_failures = [var.export]
}

run "people_without_a_mode" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { people_snapshot_minutes = 0 } }
  expect_failures = [var.export]
}

run "second_look_before_the_first" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { settle_minutes = 60, verify_after_hours = 1 } }
  expect_failures = [var.export]
}

run "horizon_before_the_second_look" {
  command = plan
  module { source = "./tests/inputs" }
  variables { export = { heal_horizon_hours = 25 } }
  expect_failures = [var.export]
}
