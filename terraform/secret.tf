# The container only. Its value, `username:secret` of a Mixpanel service account, is added outside:
# what Terraform knows is in its state. Until there is one, the data block below fails, and with it
# the fetcher, and nothing else; add the value and apply again.
resource "google_secret_manager_secret" "mixpanel" {
  count = var.mixpanel_secret_id == null ? 1 : 0

  deletion_protection = var.protect_data
  labels              = local.labels
  project             = var.project_id
  secret_id           = local.names.secret

  replication {
    auto {}
  }

  depends_on = [time_sleep.services]
}

# Which version is the newest, without its value. An environment variable is read when an instance
# starts, so the function names a number: a new version reaches all instances with the next apply, or
# none (cloud.google.com/run/docs/configuring/services/secrets).
data "google_secret_manager_secret_version" "mixpanel" {
  fetch_secret_data = false
  project           = var.project_id
  # Of a secret that is to be made the id is not known, so this waits for it.
  secret = var.mixpanel_secret_id == null ? google_secret_manager_secret.mixpanel[0].id : var.mixpanel_secret_id
}

# Only the fetcher signs in at Mixpanel.
resource "google_secret_manager_secret_iam_member" "fetcher" {
  member    = module.fetcher.member
  project   = var.project_id
  role      = "roles/secretmanager.secretAccessor"
  secret_id = local.names.secret

  depends_on = [google_secret_manager_secret.mixpanel]
}
