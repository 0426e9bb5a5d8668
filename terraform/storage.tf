locals {
  # For how many days what lies under each prefix is kept (docs/operations.md says why). Nothing is
  # deleted elsewhere: `backfill.json` has no prefix of these and stays for ever.
  kept_days = {
    "confirmed/" = ceil(var.export.heal_horizon_hours / 24) + 1
    "events/"    = var.retention.landed_days
    "incoming/"  = 1
    "people/"    = var.retention.landed_days
    "plans/"     = 7
    "rejects/"   = var.retention.rejects_days
  }
}

resource "google_storage_bucket" "exports" {
  #checkov:skip=CKV_GCP_62:Only the functions write here, and what they do is in their log; usage logs would cost more than the objects.
  #checkov:skip=CKV_GCP_78:Objects are never changed, only created and expired.
  force_destroy               = false
  labels                      = local.labels
  location                    = local.location
  name                        = local.names.export_bucket
  project                     = var.project_id
  public_access_prevention    = "enforced"
  uniform_bucket_level_access = true

  # Off. Each fetch writes its bytes twice, to `incoming/` and to their name, and deleted objects are
  # billed as long as soft delete keeps them; what is lost can be fetched again.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  dynamic "lifecycle_rule" {
    for_each = local.kept_days
    content {
      action {
        type = "Delete"
      }

      condition {
        age            = lifecycle_rule.value
        matches_prefix = [lifecycle_rule.key]
      }
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key_name == null ? [] : [var.kms_key_name]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [time_sleep.key_grants, time_sleep.services]
}

# The loader learns of landed objects and of no others: `confirmed/` and `rejects/` repeat these
# prefixes, but not in front.
resource "google_storage_notification" "landed" {
  for_each = toset(["events/", "people/"])

  bucket             = google_storage_bucket.exports.name
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = each.value
  payload_format     = "JSON_API_V1"
  topic              = google_pubsub_topic.this["landed"].id

  # Cloud Storage refuses a notification that it may not publish.
  depends_on = [google_pubsub_topic_iam_member.storage_publishes]
}

# Reads the plans and what has landed, writes plans and their marks. It deletes nothing, and yet has
# a role that could: it asks for "only if there is none", and for a name that is taken Cloud Storage
# wants `storage.objects.delete` (cloud.google.com/storage/docs/access-control/iam-json), without
# which the answer may be 403, a setup error, in place of the 412 that the code waits for.
resource "google_storage_bucket_iam_member" "planner" {
  bucket = google_storage_bucket.exports.name
  member = module.planner.member
  role   = "roles/storage.objectUser"
}

# Reads what has landed; writes objects, composes them, and may find their names taken as above.
resource "google_storage_bucket_iam_member" "fetcher" {
  bucket = google_storage_bucket.exports.name
  member = module.fetcher.member
  role   = "roles/storage.objectUser"
}

# BigQuery reads an object as whoever starts the load job.
resource "google_storage_bucket_iam_member" "loader" {
  bucket = google_storage_bucket.exports.name
  member = module.loader.member
  role   = "roles/storage.objectViewer"
}
