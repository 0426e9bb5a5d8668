# Where functions are built: zips in, images out, by an account that can do nothing else. New
# projects would build as the Compute Engine account, which may lack all roles or have too many
# (cloud.google.com/functions/docs/securing/build-custom-sa).

resource "google_service_account" "build" {
  account_id   = "${local._prefix}function-build"
  description  = "Cloud Build makes the functions' images as this account."
  display_name = "build of the Mixpanel export's functions"
  project      = var.project_id

  depends_on = [time_sleep.services]
}

# Zips of code only. Terraform replaces a zip by the next, and Cloud Functions builds from a copy of
# its own; a lifecycle rule could take a zip that Terraform would then make again for nothing.
resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62:Holds nothing but code that is in version control.
  #checkov:skip=CKV_GCP_78:Names carry the hash of the content, so no object is ever replaced.
  force_destroy               = true
  labels                      = local.labels
  location                    = var.region
  name                        = local.names.source_bucket
  project                     = var.project_id
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  depends_on = [time_sleep.services]
}

# A repository of our own, so that the account may write to this one and to no other.
resource "google_artifact_registry_repository" "images" {
  #checkov:skip=CKV_GCP_84:Holds images of code that is in version control, no data.
  description   = "Images of the functions of the Mixpanel export."
  format        = "DOCKER"
  labels        = local.labels
  location      = var.region
  project       = var.project_id
  repository_id = "${local._prefix}mixpanel-export"

  # Each deployment leaves an image of some hundred megabytes.
  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }

  cleanup_policies {
    id     = "delete-older"
    action = "DELETE"

    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [time_sleep.services]
}

# Reads the zip.
resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.source.name
  member = google_service_account.build.member
  role   = "roles/storage.objectViewer"
}

# Cloud Functions hands the build a copy of the zip, in a bucket that it makes at the first deployment:
# there is nothing yet to grant this on but the project.
resource "google_project_iam_member" "build_reads_copy" {
  member  = google_service_account.build.member
  project = var.project_id
  role    = "roles/storage.objectViewer"

  condition {
    title      = "copies-of-function-sources"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${local._project_number}-${var.region}\")"
  }
}

# Writes the images, and the layers that the next build uses again.
resource "google_artifact_registry_repository_iam_member" "build" {
  location   = google_artifact_registry_repository.images.location
  member     = google_service_account.build.member
  project    = var.project_id
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
}

# Writes the build's log. There is no smaller scope than the project.
resource "google_project_iam_member" "build_logs" {
  member  = google_service_account.build.member
  project = var.project_id
  role    = "roles/logging.logWriter"
}

# A build that starts before its grants have arrived everywhere fails, and with it the apply.
resource "time_sleep" "build_grants" {
  create_duration = "60s"

  triggers = {
    copy   = google_project_iam_member.build_reads_copy.id
    images = google_artifact_registry_repository_iam_member.build.id
    logs   = google_project_iam_member.build_logs.id
    zips   = google_storage_bucket_iam_member.build.id
  }
}
