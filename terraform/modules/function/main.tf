# One function: its zip, the account that it runs as, and who may call it.

module "bundle" {
  source = "../bundle"

  function = var.source_name
  root     = var.root
}

# Made while planning: a plan that is applied on another machine needs this file there.
data "archive_file" "bundle" {
  type             = "zip"
  output_file_mode = "0644"
  output_path      = "${var.root}/build/zips/${var.name}.zip"

  dynamic "source" {
    for_each = module.bundle.files
    content {
      content  = file(source.value)
      filename = source.key
    }
  }
}

# The name carries the hash, or a function would go on with the source it has.
resource "google_storage_bucket_object" "bundle" {
  bucket       = var.build.bucket
  content_type = "application/zip"
  name         = "${var.source_name}-${data.archive_file.bundle.output_sha256}.zip"
  source       = data.archive_file.bundle.output_path
}

resource "google_service_account" "runtime" {
  account_id   = var.name
  description  = var.description
  display_name = "${var.name} of the Mixpanel export"
  project      = var.project_id

  depends_on = [var.services]
}

resource "google_cloudfunctions2_function" "this" {
  description = var.description
  labels      = var.labels
  location    = var.region
  name        = var.name
  project     = var.project_id

  build_config {
    docker_repository = var.build.repository
    entry_point       = var.entry_point
    runtime           = "python313"
    service_account   = var.build.service_account

    source {
      storage_source {
        bucket = var.build.bucket
        object = google_storage_bucket_object.bundle.name
      }
    }

    # Google patches the operating system under running code, without a deployment.
    automatic_update_policy {}
  }

  service_config {
    all_traffic_on_latest_revision = true
    available_cpu                  = var.cpu
    available_memory               = var.memory
    # Cloud Scheduler and Pub/Sub push of the same project count as internal when they call the
    # run.app address (cloud.google.com/run/docs/securing/ingress).
    ingress_settings   = "ALLOW_INTERNAL_ONLY"
    max_instance_count = var.max_instances
    # The code spaces its calls to Mixpanel within one instance, and its memory is measured for one
    # request.
    max_instance_request_concurrency = 1
    service_account_email            = google_service_account.runtime.email
    timeout_seconds                  = var.timeout_seconds

    # The API adds LOG_EXECUTION_ID by itself, which every later plan would want to remove.
    environment_variables = merge(var.environment, { LOG_EXECUTION_ID = "true" })

    dynamic "secret_environment_variables" {
      for_each = var.secrets
      content {
        key = secret_environment_variables.key
        # The number: the provider's page says that it takes nothing else.
        project_id = secret_environment_variables.value.project_number
        secret     = secret_environment_variables.value.secret
        version    = secret_environment_variables.value.version
      }
    }
  }

  depends_on = [var.needs]
}

# On the service, as that is what is called: a role on the function alone does not let anybody in.
resource "google_cloud_run_service_iam_member" "invoker" {
  for_each = var.invokers

  location = var.region
  member   = each.value
  project  = var.project_id
  role     = "roles/run.invoker"
  service  = google_cloudfunctions2_function.this.name

  lifecycle {
    # A function that is made anew has a service without grants.
    replace_triggered_by = [google_cloudfunctions2_function.this.id]
  }
}
