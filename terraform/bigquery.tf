locals {
  # By the day of which column each raw table is partitioned, and by what it is clustered. The
  # emulator makes its tables of the same file.
  _tables = jsondecode(file("${path.module}/tables.json"))

  _views = { for name in fileset("${path.module}/views", "*.sql") : trimsuffix(name, ".sql") => name }

  _milliseconds_a_day = 24 * 60 * 60 * 1000

  _expiration_ms = {
    # Event time may lie years back: an expiry would delete history as it is loaded.
    events = null
    people = try(var.retention.people_days * local._milliseconds_a_day, null)
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

resource "google_bigquery_table" "view" {
  for_each = local._views

  #checkov:skip=CKV_GCP_80:A view holds no rows.
  #checkov:skip=CKV_GCP_121:A view holds no rows and is made again at once.
  dataset_id          = google_bigquery_dataset.views.dataset_id
  deletion_protection = false
  labels              = local.labels
  project             = var.project_id
  table_id            = each.key

  view {
    query = templatefile("${path.module}/views/${each.value}", {
      project_id  = var.project_id
      raw_dataset = local.names.raw_dataset
    })
    use_legacy_sql = false
  }

  # BigQuery refuses a view over what does not exist.
  depends_on = [google_bigquery_table.raw]
}

# Each view may read the raw tables, so that its readers need not. One by one, and never beside a
# google_bigquery_dataset_iam_* of the same dataset: these write back a list of access without views
# (github.com/hashicorp/terraform-provider-google, website/docs/r/bigquery_dataset_iam.html.markdown).
resource "google_bigquery_dataset_access" "authorized_view" {
  for_each = local._views

  dataset_id = google_bigquery_dataset.raw.dataset_id
  project    = var.project_id

  view {
    dataset_id = google_bigquery_dataset.views.dataset_id
    project_id = var.project_id
    table_id   = google_bigquery_table.view[each.key].table_id
  }
}

# Analysts read the views, and no raw table. In the same way as above, as somebody may authorise
# views of their own on this dataset. BigQuery gives addresses back in lower case.
resource "google_bigquery_dataset_access" "reader" {
  for_each = var.readers

  dataset_id     = google_bigquery_dataset.views.dataset_id
  domain         = startswith(each.value, "domain:") ? trimprefix(each.value, "domain:") : null
  group_by_email = startswith(each.value, "group:") ? lower(trimprefix(each.value, "group:")) : null
  iam_member     = startswith(each.value, "principal") ? each.value : null
  project        = var.project_id
  role           = "READER"
  user_by_email  = can(regex("^(user|serviceAccount):", each.value)) ? lower(split(":", each.value)[1]) : null
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
