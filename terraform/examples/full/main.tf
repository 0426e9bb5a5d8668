# Everything that can be said, for a European project whose data shall be fresh.

terraform {
  required_version = ">= 1.11"

  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.7"
    }
    google = {
      source  = "hashicorp/google"
      version = "~> 8.0"
    }
    time = {
      source  = "hashicorp/time"
      version = "~> 0.13"
    }
  }

  backend "gcs" {
    bucket = "example-terraform-state"
    prefix = "mixpanel-export/web"
  }
}

module "export" {
  source = "../../"

  project_id = "example-analytics"
  region     = "europe-west1"
  # Data in several regions of the EU, functions in one of them.
  location = "EU"
  # The second Mixpanel project in this Google Cloud project.
  prefix = "web"
  labels = {
    cost-center = "4711"
    team        = "data"
  }

  mixpanel_project_id = "2195194"
  mixpanel = {
    project_timezone = "UTC"
    region           = "eu"
    where            = "properties[\"$os\"] != \"bot\""
  }

  export = {
    since = "2025-01-01"
    # Fresher, and smaller objects; 4 intervals, their second looks, the sweep and one to spare
    # are 10 exports an hour.
    interval_minutes        = 15
    settle_minutes          = 20
    verify_after_hours      = 48
    sweep_days              = 400
    tables                  = ["events", "people"]
    people_snapshot_minutes = 1440
    people_changes_minutes  = 60
    last_seen_overlap_hours = 24
    heal_after_minutes      = 180
    heal_horizon_hours      = 240
    reload_after_minutes    = 60
    # Nobody else exports from this Mixpanel project.
    requests_per_hour = 50
  }
  fetcher_instances = 4

  # `europe` is where a key for data in the EU lies.
  kms_key_name = "projects/example-keys/locations/europe/keyRings/data/cryptoKeys/mixpanel"
  protect_data = true
  readers      = ["group:analysts@example.com", "serviceAccount:reports@example-bi.iam.gserviceaccount.com"]
  retention = {
    landed_days  = 60
    people_days  = 730
    rejects_days = 180
  }
  # What was loaded by Fivetran before is queried by many.
  compatibility = { fivetran = "fivetran_mixpanel" }
  # A hundred million events a day are read often, and replays are many.
  maintenance = {
    collect            = true
    collect_after_days = 14
    settle             = true
  }

  alerting = {
    channels            = ["projects/example-analytics/notificationChannels/1234567890123456789"]
    critical_channels   = ["projects/example-analytics/notificationChannels/9876543210987654321"]
    gap_objective_hours = 3
    pagerduty           = { service_key_version = 1 }
    slack               = { channel_name = "#data-alerts" }
  }
  notification_emails = ["data-team@example.com", "on-call@example.com"]
  # Both come from the environment, TF_VAR_pagerduty_service_key and TF_VAR_slack_auth_token.
  pagerduty_service_key = var.pagerduty_service_key
  slack_auth_token      = var.slack_auth_token
}
