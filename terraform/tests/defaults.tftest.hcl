# Whole deployments: with the defaults, with everything that can be said, and with the longest names.
# What holds for all of them is in tests/terraform/test_policies.py and beside it.
#
# A mock makes up what the cloud computes: random texts of 8 characters, and 0. Given here is what
# must have a form, and what must not be the same for all.

mock_provider "archive" {}

mock_provider "google" {
  mock_data "google_bigquery_default_service_account" {
    defaults = {
      member = "serviceAccount:bq-123456789012@bigquery-encryption.iam.gserviceaccount.com"
    }
  }

  mock_data "google_secret_manager_secret_version" {
    defaults = {
      version = "3"
    }
  }

  mock_data "google_storage_project_service_account" {
    defaults = {
      email_address = "service-123456789012@gs-project-accounts.iam.gserviceaccount.com"
      member        = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_project_service" {
    defaults = {
      id = "acme-analytics/service.googleapis.com"
    }
  }

  mock_resource "google_storage_bucket" {
    defaults = {
      project_number = 123456789012
    }
  }
}

mock_provider "time" {
  mock_resource "time_static" {
    defaults = {
      rfc3339 = "2026-11-22T10:20:30Z"
    }
  }
}

override_resource {
  target = module.planner.google_cloudfunctions2_function.this
  values = {
    service_config = {
      uri = "https://planner-abcdefghij-ew.a.run.app"
    }
  }
}

override_resource {
  target = module.fetcher.google_cloudfunctions2_function.this
  values = {
    service_config = {
      uri = "https://fetcher-abcdefghij-ew.a.run.app"
    }
  }
}

override_resource {
  target = module.loader.google_cloudfunctions2_function.this
  values = {
    service_config = {
      uri = "https://loader-abcdefghij-ew.a.run.app"
    }
  }
}

override_resource {
  target = google_service_account.build
  values = {
    email  = "build@acme-analytics.iam.gserviceaccount.com"
    id     = "projects/acme-analytics/serviceAccounts/build@acme-analytics.iam.gserviceaccount.com"
    member = "serviceAccount:build@acme-analytics.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.scheduler
  values = {
    email  = "scheduler@acme-analytics.iam.gserviceaccount.com"
    id     = "projects/acme-analytics/serviceAccounts/scheduler@acme-analytics.iam.gserviceaccount.com"
    member = "serviceAccount:scheduler@acme-analytics.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.planner.google_service_account.runtime
  values = {
    email  = "planner@acme-analytics.iam.gserviceaccount.com"
    id     = "projects/acme-analytics/serviceAccounts/planner@acme-analytics.iam.gserviceaccount.com"
    member = "serviceAccount:planner@acme-analytics.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.fetcher.google_service_account.runtime
  values = {
    email  = "fetcher@acme-analytics.iam.gserviceaccount.com"
    id     = "projects/acme-analytics/serviceAccounts/fetcher@acme-analytics.iam.gserviceaccount.com"
    member = "serviceAccount:fetcher@acme-analytics.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.loader.google_service_account.runtime
  values = {
    email  = "loader@acme-analytics.iam.gserviceaccount.com"
    id     = "projects/acme-analytics/serviceAccounts/loader@acme-analytics.iam.gserviceaccount.com"
    member = "serviceAccount:loader@acme-analytics.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.fetch_trigger.google_service_account.push
  values = {
    email  = "fetcher-push@acme-analytics.iam.gserviceaccount.com"
    id     = "projects/acme-analytics/serviceAccounts/fetcher-push@acme-analytics.iam.gserviceaccount.com"
    member = "serviceAccount:fetcher-push@acme-analytics.iam.gserviceaccount.com"
    name   = "projects/acme-analytics/serviceAccounts/fetcher-push@acme-analytics.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.load_trigger.google_service_account.push
  values = {
    email  = "loader-push@acme-analytics.iam.gserviceaccount.com"
    id     = "projects/acme-analytics/serviceAccounts/loader-push@acme-analytics.iam.gserviceaccount.com"
    member = "serviceAccount:loader-push@acme-analytics.iam.gserviceaccount.com"
    name   = "projects/acme-analytics/serviceAccounts/loader-push@acme-analytics.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.maintenance["collect"]
  values = {
    email  = "collect@acme-analytics.iam.gserviceaccount.com"
    id     = "projects/acme-analytics/serviceAccounts/collect@acme-analytics.iam.gserviceaccount.com"
    member = "serviceAccount:collect@acme-analytics.iam.gserviceaccount.com"
    name   = "projects/acme-analytics/serviceAccounts/collect@acme-analytics.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_service_account.maintenance["settle"]
  values = {
    email  = "settle@acme-analytics.iam.gserviceaccount.com"
    id     = "projects/acme-analytics/serviceAccounts/settle@acme-analytics.iam.gserviceaccount.com"
    member = "serviceAccount:settle@acme-analytics.iam.gserviceaccount.com"
    name   = "projects/acme-analytics/serviceAccounts/settle@acme-analytics.iam.gserviceaccount.com"
  }
}

override_resource {
  target = google_bigquery_data_transfer_config.maintenance["collect"]
  values = {
    name = "projects/123456789012/locations/europe/transferConfigs/c0llect0-0000-2000-8000-000000000001"
  }
}

override_resource {
  target = google_bigquery_data_transfer_config.maintenance["settle"]
  values = {
    name = "projects/123456789012/locations/europe/transferConfigs/5ett1e00-0000-2000-8000-000000000002"
  }
}

variables {
  mixpanel_project_id = "1234567"
  notification_emails = ["data@example.com"]
  project_id          = "acme-analytics"
  region              = "europe-west1"

  # Never used here. But a test cannot apply an ephemeral variable that is null.
  pagerduty_service_key = "unused"
  slack_auth_token      = "unused"
}

# A plan alone, before anything exists: no `for_each` and no `count` waits for what is not known.
# And with nobody to tell of alerts, which is no error, but said.
run "first_plan" {
  command   = plan
  state_key = "first_plan"

  variables {
    notification_emails = []
  }

  assert {
    condition     = google_storage_bucket.exports.name == "acme-analytics-mixpanel-exports"
    error_message = "A name is known before anything exists."
  }

  expect_failures = [check.somebody_is_told]
}

run "defaults" {
  command   = apply
  state_key = "defaults"

  assert {
    condition     = output.planner_url == "https://planner-abcdefghij-ew.a.run.app"
    error_message = "planner_url must be where the planner answers."
  }
  assert {
    condition     = output.planner_environment["EXPORT_SINCE"] == "2026-11-21"
    error_message = "The export begins with the day before the first apply."
  }
  assert {
    condition     = length(google_secret_manager_secret.mixpanel) == 1 && length(google_kms_crypto_key_iam_member.agents) == 0
    error_message = "A secret is made, and no key is used."
  }
  assert {
    condition     = join(",", keys(google_monitoring_notification_channel.email)) == "data@example.com"
    error_message = "Who is named hears of alerts, by mail."
  }
  assert {
    condition     = length(google_bigquery_dataset.compatibility) == 0
    error_message = "Nobody's tables are imitated without being asked for."
  }
  assert {
    condition     = length(google_bigquery_data_transfer_config.maintenance) == 0 && !contains(keys(google_project_service.this), "bigquerydatatransfer.googleapis.com")
    error_message = "Nothing is deleted or copied without being asked for."
  }
}

# Everything that can be said.
run "full" {
  command   = apply
  state_key = "full"

  variables {
    alerting = {
      channels            = ["projects/acme-analytics/notificationChannels/1"]
      critical_channels   = ["projects/acme-analytics/notificationChannels/2"]
      gap_objective_hours = 3
      pagerduty           = { service_key_version = 2 }
      severities          = { bugs = "CRITICAL", delivery_loader = "WARNING", gaps = "ERROR" }
      slack               = { channel_name = "#data-alerts" }
    }
    compatibility = {
      airbyte  = "airbyte_mixpanel"
      fivetran = "mixpanel"
      mixpanel = "mixpanel_export"
      singer   = "tap_mixpanel"
    }
    export = {
      since                   = "2025-01-01"
      tables                  = ["people", "events"]
      interval_minutes        = 15
      settle_minutes          = 20
      verify_after_hours      = 48
      sweep_days              = 400
      people_snapshot_minutes = 720
      people_changes_minutes  = 60
      last_seen_overlap_hours = 12
      heal_after_minutes      = 120
      heal_horizon_hours      = 240
      reload_after_minutes    = 30
      requests_per_hour       = 50
    }
    fetcher_instances = 4
    kms_key_name      = "projects/acme-keys/locations/europe/keyRings/data/cryptoKeys/mixpanel"
    labels            = { cost-center = "4711", team = "data" }
    location          = "EU"
    maintenance       = { collect = true, collect_after_days = 14, settle = true }
    mixpanel = {
      project_timezone = "UTC"
      region           = "eu"
      url              = "https://mixpanel.example.com"
      where            = "properties[\"$os\"] != \"bot\""
    }
    mixpanel_secret_id  = "mixpanel-of-web"
    notification_emails = ["data@example.com", "on-call@example.com"]
    prefix              = "web"
    protect_data        = false
    readers = [
      "domain:example.com",
      "group:analysts@example.com",
      "principalSet://iam.googleapis.com/locations/global/workforcePools/pool/group/analysts",
      "serviceAccount:reports@acme-bi.iam.gserviceaccount.com",
      "user:somebody@example.com",
    ]
    retention = {
      landed_days  = 60
      people_days  = 730
      rejects_days = 180
    }
  }

  assert {
    condition     = output.planner_environment["EXPORT_SINCE"] == "2025-01-01"
    error_message = "The export begins when it is said to."
  }
  assert {
    condition     = length(google_secret_manager_secret.mixpanel) == 0
    error_message = "A secret that exists is not made."
  }
  assert {
    condition     = join(",", keys(google_kms_crypto_key_iam_member.agents)) == "bigquery,pubsub,storage"
    error_message = "Each service that encrypts may use the key."
  }
  assert {
    condition     = output.compatibility_datasets["fivetran"] == "mixpanel"
    error_message = "With a prefix, another loader's dataset can keep its name."
  }
}

# The longest names that the variables allow, and intervals of a day.
run "longest" {
  command   = apply
  state_key = "longest"

  variables {
    alerting            = { channels = ["projects/p/notificationChannels/1"] }
    export              = { interval_minutes = 1440, tables = ["events"] }
    maintenance         = { collect = true }
    notification_emails = []
    prefix              = "fifteen-letters"
    project_id          = "a-project-id-of-thirty-letters"
  }

  assert {
    condition     = length(google_storage_bucket.exports.name) == 63
    error_message = "With one letter more the bucket could not be made."
  }
  assert {
    condition     = !contains(keys(google_monitoring_alert_policy.this), "not_retrieved")
    error_message = "An absence of two days is longer than an alert may wait."
  }
}

run "severity_of_no_alert" {
  command   = plan
  state_key = "severity_of_no_alert"

  plan_options {
    target = [google_monitoring_alert_policy.this]
  }
  variables {
    alerting = { severities = { gap = "ERROR" } }
  }

  expect_failures = [google_monitoring_alert_policy.this]
}
