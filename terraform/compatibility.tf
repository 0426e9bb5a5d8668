# What takes the place of the tables that other loaders of Mixpanel's data make: for each vendor that
# is asked for a dataset, with the views of compatibility/VENDOR/ over the analysts' dataset.

locals {
  _vendors = { for vendor, dataset in var.compatibility : vendor => dataset if dataset != null }

  _compatibility_views = {
    for file in fileset("${path.module}/compatibility", "*/*.sql") :
    trimsuffix(file, ".sql") => {
      file   = "compatibility/${file}"
      name   = trimsuffix(basename(file), ".sql")
      vendor = dirname(file)
    } if contains(keys(local._vendors), dirname(file))
  }

  _compatibility_readers = {
    for pair in setproduct(keys(local._vendors), keys(local._readers)) :
    join(" ", pair) => merge(local._readers[pair[1]], { vendor = pair[0] })
  }
}

resource "google_bigquery_dataset" "compatibility" {
  for_each = local._vendors

  dataset_id                 = each.value
  delete_contents_on_destroy = false
  description                = "Events and people of Mixpanel in the tables of ${each.key}, as views."
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

resource "google_bigquery_table" "compatibility_view" {
  for_each = local._compatibility_views

  #checkov:skip=CKV_GCP_80:A view holds no rows.
  #checkov:skip=CKV_GCP_121:A view holds no rows and is made again at once.
  dataset_id          = google_bigquery_dataset.compatibility[each.value.vendor].dataset_id
  deletion_protection = false
  description         = local._descriptions[each.value.file]
  labels              = local.labels
  project             = var.project_id
  table_id            = each.value.name

  view {
    query          = templatefile("${path.module}/${each.value.file}", local._sql_values)
    use_legacy_sql = false
  }

  depends_on = [
    google_bigquery_routine.table_function,
    google_bigquery_table.derived_view,
    google_bigquery_table.view,
  ]
}

# Each may read the analysts' dataset, so that its readers need not.
resource "google_bigquery_dataset_access" "compatibility_view" {
  for_each = local._compatibility_views

  dataset_id = google_bigquery_dataset.views.dataset_id
  project    = var.project_id

  view {
    dataset_id = google_bigquery_table.compatibility_view[each.key].dataset_id
    project_id = var.project_id
    table_id   = google_bigquery_table.compatibility_view[each.key].table_id
  }
}

# Who reads the analysts' dataset reads these, too.
resource "google_bigquery_dataset_access" "compatibility_reader" {
  for_each = local._compatibility_readers

  dataset_id     = google_bigquery_dataset.compatibility[each.value.vendor].dataset_id
  domain         = each.value.domain
  group_by_email = each.value.group_by_email
  iam_member     = each.value.iam_member
  project        = var.project_id
  role           = "READER"
  user_by_email  = each.value.user_by_email
}
