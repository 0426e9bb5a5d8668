# Scheduled queries, off by default: the scripts of maintenance/. Each runs as an account of its own,
# which may change what its script changes and nothing else, so that whoever settles deletes no raw row.

locals {
  jobs = {
    for name, job in {
      # Before the other, which then has less to read.
      collect = {
        is_wanted   = var.maintenance.collect
        description = "Deletes superseded rows of events as this account."
        schedule    = "every day 03:00"
      }
      settle = {
        is_wanted   = var.maintenance.settle
        description = "Copies days of events that are settled as this account."
        schedule    = "every day 05:00"
      }
    } : name => job if job.is_wanted
  }

  # The ids by which Monitoring tells scheduled queries apart.
  _quoted_jobs = [
    for job in values(google_bigquery_data_transfer_config.maintenance) : jsonencode(basename(job.name))
  ]

  # Their row of the table of alerts.
  _maintenance_alerts = {
    maintenance = {
      title    = "A maintenance query failed"
      severity = "WARNING" # No view is wrong for it; the next run, a day later, does what is left.
      playbook = "maintenance"
      # The other scheduled queries of a project are none of ours.
      is_left_out = length(local.jobs) == 0
      thresholds = {
        "a run did not succeed within an hour" = {
          metric   = "bigquerydatatransfer.googleapis.com/transfer_config/completed_runs"
          resource = "bigquery_dts_config"
          where = join(" AND ", [
            "resource.labels.config_id=one_of(${join(",", local._quoted_jobs)})",
            "metric.labels.completion_state!=\"SUCCEEDED\"",
          ])
          period_seconds = 3600
          above          = 0
        }
      }
    }
  }

  # Each is of the job that changes it, and there only while the job is.
  _maintained = {
    for name, table in jsondecode(file("${path.module}/maintenance/tables.json")) :
    name => merge(table, {
      dataset_id = { raw = google_bigquery_dataset.raw, views = google_bigquery_dataset.views }[table.dataset].dataset_id
      # What is settled has the columns of the view `events`, in their order.
      schema = name == "events_settled" ? jsonencode([
        for column in jsondecode(file("${path.module}/schemas/events.json")) :
        column if !contains(["_mode", "_interval_end", "_line"], column.name)
      ]) : file("${path.module}/maintenance/${name}.json")
    }) if contains(keys(local.jobs), table.job)
  }

  # Who changes rows of which table.
  _changed_tables = merge(
    {
      for name, table in local._maintained : "${table.job} ${name}" => {
        dataset_id = google_bigquery_table.maintained[name].dataset_id
        job        = table.job
        table_id   = google_bigquery_table.maintained[name].table_id
      }
    },
    !var.maintenance.collect ? {} : {
      "collect events" = {
        dataset_id = google_bigquery_table.raw["events"].dataset_id
        job        = "collect"
        table_id   = google_bigquery_table.raw["events"].table_id
      }
    },
  )
}

# What the jobs write and remember. All of it can be made again, so it may be deleted.
resource "google_bigquery_table" "maintained" {
  for_each = local._maintained

  #checkov:skip=CKV_GCP_121:Its rows follow from the raw table, and the next runs make them again.
  clustering               = each.value.cluster_by
  dataset_id               = each.value.dataset_id
  deletion_protection      = false
  description              = each.value.description
  labels                   = local.labels
  project                  = var.project_id
  require_partition_filter = false
  schema                   = each.value.schema
  table_id                 = each.key

  dynamic "time_partitioning" {
    for_each = each.value.partition_by[*]
    content {
      field = time_partitioning.value
      type  = "DAY"
    }
  }

  dynamic "encryption_configuration" {
    for_each = var.kms_key_name == null ? [] : [var.kms_key_name]
    content {
      kms_key_name = encryption_configuration.value
    }
  }
}

resource "google_bigquery_table" "unsettled_dates" {
  count = var.maintenance.settle ? 1 : 0

  #checkov:skip=CKV_GCP_80:A view holds no rows.
  #checkov:skip=CKV_GCP_121:A view holds no rows and is made again at once.
  dataset_id          = google_bigquery_dataset.views.dataset_id
  deletion_protection = false
  description         = local._descriptions["maintenance/unsettled_dates.sql"]
  labels              = local.labels
  project             = var.project_id
  table_id            = "unsettled_dates"

  view {
    query          = templatefile("${path.module}/maintenance/unsettled_dates.sql", local._sql_values)
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.maintained, google_bigquery_table.view]
}

resource "google_service_account" "maintenance" {
  for_each = local.jobs

  account_id   = "${local._prefix}${each.key}"
  description  = each.value.description
  display_name = "${each.key} of the Mixpanel export"
  project      = var.project_id

  depends_on = [time_sleep.services]
}

# Makes the account of scheduled queries, which otherwise appears at some time after the API is enabled.
resource "google_workload_identity_service_agent" "transfers" {
  count = length(local.jobs) > 0 ? 1 : 0

  parent = "projects/${local._project_number}/locations/global/serviceProducers/bigquerydatatransfer.googleapis.com"

  depends_on = [time_sleep.services]
}

# Scheduled queries sign in as the accounts.
resource "google_service_account_iam_member" "maintenance_tokens" {
  for_each = google_service_account.maintenance

  member             = "serviceAccount:service-${local._project_number}@gcp-sa-bigquerydatatransfer.iam.gserviceaccount.com"
  role               = "roles/iam.serviceAccountTokenCreator"
  service_account_id = each.value.name

  depends_on = [google_workload_identity_service_agent.transfers]
}

# Jobs belong to a project: there is no smaller scope.
resource "google_project_iam_member" "maintenance_jobs" {
  for_each = google_service_account.maintenance

  member  = each.value.member
  project = var.project_id
  role    = "roles/bigquery.jobUser"
}

# Each changes rows of its own tables.
resource "google_bigquery_table_iam_member" "maintenance_changes" {
  for_each = local._changed_tables

  dataset_id = each.value.dataset_id
  member     = google_service_account.maintenance[each.value.job].member
  project    = var.project_id
  role       = "roles/bigquery.dataEditor"
  table_id   = each.value.table_id
}

# Settling reads the views, as analysts do; collecting reads the raw table that it changes.
resource "google_bigquery_dataset_access" "settle_reads" {
  count = var.maintenance.settle ? 1 : 0

  dataset_id    = google_bigquery_dataset.views.dataset_id
  project       = var.project_id
  role          = "READER"
  user_by_email = google_service_account.maintenance["settle"].email
}

# The first run begins when a query is scheduled, and without its grants it fails.
resource "time_sleep" "maintenance_grants" {
  for_each = local.jobs

  create_duration = "60s"

  triggers = {
    changes = join(",", [
      for key, grant in google_bigquery_table_iam_member.maintenance_changes :
      grant.id if local._changed_tables[key].job == each.key
    ])
    jobs   = google_project_iam_member.maintenance_jobs[each.key].id
    tokens = google_service_account_iam_member.maintenance_tokens[each.key].id
  }

  depends_on = [google_bigquery_dataset_access.settle_reads]
}

# A script names its tables itself, so there is no destination
# (cloud.google.com/bigquery/docs/scheduling-queries).
resource "google_bigquery_data_transfer_config" "maintenance" {
  for_each = local.jobs

  data_source_id = "scheduled_query"
  display_name   = "${local._prefix}mixpanel-${each.key}"
  location       = local.location
  params = {
    query = templatefile(
      "${path.module}/maintenance/${each.key}.sql",
      merge(local._sql_values, { collect_after_days = var.maintenance.collect_after_days }),
    )
  }
  project              = var.project_id
  schedule             = each.value.schedule
  service_account_name = google_service_account.maintenance[each.key].email

  dynamic "encryption_configuration" {
    for_each = var.kms_key_name == null ? [] : [var.kms_key_name]
    content {
      kms_key_name = encryption_configuration.value
    }
  }

  depends_on = [
    google_bigquery_dataset_access.authorized_function,
    google_bigquery_dataset_access.authorized_view,
    google_bigquery_table.maintained,
    google_bigquery_table.unsettled_dates,
    time_sleep.maintenance_grants,
  ]
}
