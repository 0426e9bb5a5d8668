# The analysts' views and table functions, each a file of views/ or table_functions/. A base view
# reads raw tables, and is authorised on them. A derived view, which is one that names the analysts'
# own dataset, reads base views; who may read that dataset may read both, so it needs no grant.

locals {
  _view_files = fileset("${path.module}/views", "*.sql")

  # What SQL may name in `$${}`: where it reads, and settings of the planner and the fetcher.
  _sql_values = {
    dataset                 = local.names.dataset
    export_since            = local._since
    heal_horizon_hours      = var.export.heal_horizon_hours
    interval_minutes        = var.export.interval_minutes
    people_changes_minutes  = var.export.people_changes_minutes
    people_snapshot_minutes = var.export.people_snapshot_minutes
    project_id              = var.project_id
    project_timezone        = var.mixpanel.project_timezone
    raw_dataset             = local.names.raw_dataset
    settle_minutes          = var.export.settle_minutes
    sweep_days              = var.export.sweep_days
    tables                  = join(",", sort(var.export.tables))
  }

  _views = {
    for file in local._view_files : trimsuffix(file, ".sql") => {
      file       = "views/${file}"
      is_derived = strcontains(file("${path.module}/views/${file}"), "$${dataset}")
    }
  }

  _base_views    = { for name, view in local._views : name => view.file if !view.is_derived }
  _derived_views = { for name, view in local._views : name => view.file if view.is_derived }

  _functions = jsondecode(file("${path.module}/table_functions.json"))

  # Of each view the first sentence of the comment that its file begins with.
  _descriptions = {
    for file in fileset(path.module, "{views,compatibility,maintenance}/**/*.sql") :
    file => try(
      trimspace(regex(
        "^.*?[.](?:\\s|$)",
        replace(
          trimprefix(regex("^(?:-- [^\n]*\n)+", file("${path.module}/${file}")), "-- "),
          "/\n(-- )?/",
          " ",
        ),
      )),
      null,
    )
  }
}

resource "google_bigquery_table" "view" {
  for_each = local._base_views

  #checkov:skip=CKV_GCP_80:A view holds no rows.
  #checkov:skip=CKV_GCP_121:A view holds no rows and is made again at once.
  dataset_id          = google_bigquery_dataset.views.dataset_id
  deletion_protection = false
  description         = local._descriptions[each.value]
  labels              = local.labels
  project             = var.project_id
  table_id            = each.key

  view {
    query          = templatefile("${path.module}/${each.value}", local._sql_values)
    use_legacy_sql = false
  }

  # BigQuery refuses a view over what does not exist.
  depends_on = [google_bigquery_table.raw]
}

# The same again, as each must wait for the base views, and instances of one resource do not wait for
# one another.
resource "google_bigquery_table" "derived_view" {
  for_each = local._derived_views

  #checkov:skip=CKV_GCP_80:A view holds no rows.
  #checkov:skip=CKV_GCP_121:A view holds no rows and is made again at once.
  dataset_id          = google_bigquery_dataset.views.dataset_id
  deletion_protection = false
  description         = local._descriptions[each.value]
  labels              = local.labels
  project             = var.project_id
  table_id            = each.key

  view {
    query          = templatefile("${path.module}/${each.value}", local._sql_values)
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.view]
}

resource "google_bigquery_routine" "table_function" {
  for_each = local._functions

  dataset_id = google_bigquery_dataset.views.dataset_id
  definition_body = templatefile(
    "${path.module}/table_functions/${each.key}.sql", local._sql_values
  )
  description  = each.value.description
  language     = "SQL"
  project      = var.project_id
  routine_id   = each.key
  routine_type = "TABLE_VALUED_FUNCTION"

  # A list in the file: of an object Terraform would take the arguments in the order of letters.
  dynamic "arguments" {
    for_each = each.value.arguments
    content {
      data_type = jsonencode({ typeKind = arguments.value.type })
      name      = arguments.value.name
    }
  }

  depends_on = [google_bigquery_table.raw]
}

# Each base view may read the raw tables, so that its readers need not. One by one, and never beside a
# google_bigquery_dataset_iam_* of the same dataset: these write back a list of access without views
# (github.com/hashicorp/terraform-provider-google, website/docs/r/bigquery_dataset_iam.html.markdown).
resource "google_bigquery_dataset_access" "authorized_view" {
  for_each = local._base_views

  dataset_id = google_bigquery_dataset.raw.dataset_id
  project    = var.project_id

  view {
    dataset_id = google_bigquery_dataset.views.dataset_id
    project_id = var.project_id
    table_id   = google_bigquery_table.view[each.key].table_id
  }
}

# So may each table function.
resource "google_bigquery_dataset_access" "authorized_function" {
  for_each = local._functions

  dataset_id = google_bigquery_dataset.raw.dataset_id
  project    = var.project_id

  routine {
    dataset_id = google_bigquery_dataset.views.dataset_id
    project_id = var.project_id
    routine_id = google_bigquery_routine.table_function[each.key].routine_id
  }
}
