# The environment of each function: all variables of docs/settings.md that it reads, also where the
# value is the default, so that the deployment can be read off it. An operator's tool reads the same
# from the outputs.

# Kept in the state, so that the day before the first apply stays the same day.
resource "time_static" "first_apply" {}

locals {
  # BigQuery loads from a bucket in the same place only.
  location = coalesce(var.location, var.region)

  _since = (
    var.export.since != null
    ? var.export.since
    : formatdate("YYYY-MM-DD", timeadd(time_static.first_apply.rfc3339, "-24h"))
  )

  # What Cloud Run shows for a variable that is not set is nothing at all.
  _fetcher_options = {
    for name, value in { MIXPANEL_URL = var.mixpanel.url, MIXPANEL_WHERE = var.mixpanel.where } :
    name => value if value != null
  }

  environments = {
    planner = {
      BIGQUERY_LOCATION       = local.location
      DATASET                 = local.names.dataset
      EXPORT_BUCKET           = local.names.export_bucket
      EXPORT_SINCE            = local._since
      GCP_PROJECT_ID          = var.project_id
      HEAL_AFTER_MINUTES      = tostring(var.export.heal_after_minutes)
      HEAL_HORIZON_HOURS      = tostring(var.export.heal_horizon_hours)
      INTERVAL_MINUTES        = tostring(var.export.interval_minutes)
      LANDED_TOPIC            = local.names.landed
      PEOPLE_CHANGES_MINUTES  = tostring(var.export.people_changes_minutes)
      PEOPLE_SNAPSHOT_MINUTES = tostring(var.export.people_snapshot_minutes)
      RELOAD_AFTER_MINUTES    = tostring(var.export.reload_after_minutes)
      REQUEST_TOPIC           = local.names.requests
      REQUESTS_PER_HOUR       = tostring(var.export.requests_per_hour)
      SETTLE_MINUTES          = tostring(var.export.settle_minutes)
      SWEEP_DAYS              = tostring(var.export.sweep_days)
      TABLES                  = join(",", sort(var.export.tables))
      VERIFY_AFTER_HOURS      = tostring(var.export.verify_after_hours)
    }

    # MIXPANEL_CREDENTIALS is missing: it is a secret, and comes from Secret Manager.
    fetcher = merge(local._fetcher_options, {
      DEAD_LETTER_TOPIC       = local.names.dead_letters
      EXPORT_BUCKET           = local.names.export_bucket
      GCP_PROJECT_ID          = var.project_id
      LAST_SEEN_OVERLAP_HOURS = tostring(var.export.last_seen_overlap_hours)
      MIXPANEL_PROJECT_ID     = var.mixpanel_project_id
      MIXPANEL_REGION         = var.mixpanel.region
      PROJECT_TIMEZONE        = var.mixpanel.project_timezone
      SWEEP_DAYS              = tostring(var.export.sweep_days)
    })

    loader = {
      BIGQUERY_LOCATION = local.location
      DEAD_LETTER_TOPIC = local.names.dead_letters
      ENVIRONMENT       = local.names.environment
      EXPORT_BUCKET     = local.names.export_bucket
      GCP_PROJECT_ID    = var.project_id
      RAW_DATASET       = local.names.raw_dataset
    }
  }
}
