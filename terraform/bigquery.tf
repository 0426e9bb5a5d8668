locals {
  # By the day of which column each raw table is partitioned, and by what it is clustered. The
  # emulator makes its tables of the same file.
  _tables = jsondecode(file("${path.module}/tables.json"))

  _milliseconds_a_day = 24 * 60 * 60 * 1000

  _expiration_ms = {
    # Event time may lie years back: an expiry would delete history as it is loaded.
    events = null
    people = try(var.retention.people_days * local._milliseconds_a_day, null)
  }

  # How BigQuery says who a member is; it gives addresses back in lower case.
  _readers = {
    for member in var.readers : member => {
      domain         = startswith(member, "domain:") ? trimprefix(member, "domain:") : null
      group_by_email = startswith(member, "group:") ? lower(trimprefix(member, "group:")) : null
      iam_member     = startswith(member, "principal") ? member : null
      user_by_email  = can(regex("^(user|serviceAccount):", member)) ? lower(split(":", member)[1]) : null
    }
  }
}

resource "google_bigquery_dataset" "raw" {
  dataset_id                 = local.names.raw_dataset
  delete_contents_on_destroy = false
  description                = "What Mixpanel exported, as it was loaded: append-only, with superseded versions. Query the views."
  labels                     = local.labels
  location                   = local.location
  project                    = var.project_id

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key_name == null ? [] : [var.kms_key_name]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  depends_on = [time_sleep.key_grants, time_sleep.services]
}

resource "google_bigquery_dataset" "views" {
  dataset_id                 = local.names.dataset
  delete_contents_on_destroy = false
  description                = "Events and people of Mixpanel, each once, and the ledger of what was loaded."
  labels                     = local.labels
  location                   = local.location
  project                    = var.project_id

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key_name == null ? [] : [var.kms_key_name]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  depends_on = [time_sleep.key_grants, time_sleep.services]
}

resource "google_bigquery_table" "raw" {
  for_each = local._tables

  clustering          = each.value.cluster_by
  dataset_id          = google_bigquery_dataset.raw.dataset_id
  deletion_protection = var.protect_data
  description         = each.value.description
  labels              = local.labels
  project             = var.project_id
  # The ledger reads the partition of NULL, which no filter on a day names.
  require_partition_filter = false
  schema                   = file("${path.module}/schemas/${each.key}.json")
  table_id                 = each.key

  time_partitioning {
    expiration_ms = local._expiration_ms[each.key]
    field         = each.value.partition_by
    type          = "DAY"
  }

  dynamic "encryption_configuration" {
    for_each = var.kms_key_name == null ? [] : [var.kms_key_name]
    content {
      kms_key_name = encryption_configuration.value
    }
  }
}

# Analysts read the views, and no raw table. In the same way as the views themselves are let in, as
# somebody may authorise views of their own on this dataset.
resource "google_bigquery_dataset_access" "reader" {
  for_each = local._readers

  dataset_id     = google_bigquery_dataset.views.dataset_id
  domain         = each.value.domain
  group_by_email = each.value.group_by_email
  iam_member     = each.value.iam_member
  project        = var.project_id
  role           = "READER"
  user_by_email  = each.value.user_by_email
}

# The planner reads the ledger, and no other view.
resource "google_bigquery_table_iam_member" "planner_reads_ledger" {
  dataset_id = google_bigquery_dataset.views.dataset_id
  member     = module.planner.member
  project    = var.project_id
  role       = "roles/bigquery.dataViewer"
  table_id   = google_bigquery_table.view["loads"].table_id
}

# A load job appends to a table, and looks at its schema first. The role could also delete the table;
# a smaller one would be one of our own, and whoever applies would have to be allowed to make roles.
resource "google_bigquery_table_iam_member" "loader_appends" {
  for_each = google_bigquery_table.raw

  dataset_id = each.value.dataset_id
  member     = module.loader.member
  project    = var.project_id
  role       = "roles/bigquery.dataEditor"
  table_id   = each.value.table_id
}

# Jobs belong to a project: there is no smaller scope. The planner's query of the ledger is one.
resource "google_project_iam_member" "planner_jobs" {
  member  = module.planner.member
  project = var.project_id
  role    = "roles/bigquery.jobUser"
}

# Load jobs are, too.
resource "google_project_iam_member" "loader_jobs" {
  member  = module.loader.member
  project = var.project_id
  role    = "roles/bigquery.jobUser"
}
