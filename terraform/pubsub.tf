resource "google_pubsub_topic" "this" {
  for_each = {
    dead_letters = local.names.dead_letters
    landed       = local.names.landed
    requests     = local.names.requests
  }

  kms_key_name = var.kms_key_name
  labels       = local.labels
  name         = each.value
  project      = var.project_id

  depends_on = [time_sleep.key_grants, time_sleep.services]
}

# Keeps dead letters until somebody reads them; a topic without a subscription would drop them. It is
# for people, so an answer that does not come is no failure, and there is nothing to retry.
resource "google_pubsub_subscription" "dead_letters" {
  ack_deadline_seconds = local.deadlines.ack_seconds
  labels               = local.labels
  # 31 days, the longest there is.
  message_retention_duration = "2678400s"
  name                       = local.names.dead_letters
  project                    = var.project_id
  topic                      = google_pubsub_topic.this["dead_letters"].id

  # Pub/Sub deletes a subscription that nobody has read for 31 days otherwise, as nobody should have.
  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub publishes here what every delivery failed.
resource "google_pubsub_topic_iam_member" "pubsub_gives_up" {
  member  = local.pubsub_agent
  project = var.project_id
  role    = "roles/pubsub.publisher"
  topic   = google_pubsub_topic.this["dead_letters"].name

  depends_on = [google_workload_identity_service_agent.pubsub]
}

# Cloud Storage announces landed objects.
resource "google_pubsub_topic_iam_member" "storage_publishes" {
  member  = local.storage_agent
  project = var.project_id
  role    = "roles/pubsub.publisher"
  topic   = google_pubsub_topic.this["landed"].name
}

# The planner asks for intervals.
resource "google_pubsub_topic_iam_member" "planner_requests" {
  member  = module.planner.member
  project = var.project_id
  role    = "roles/pubsub.publisher"
  topic   = google_pubsub_topic.this["requests"].name
}

# The planner announces an object again that is not loaded.
resource "google_pubsub_topic_iam_member" "planner_reloads" {
  member  = module.planner.member
  project = var.project_id
  role    = "roles/pubsub.publisher"
  topic   = google_pubsub_topic.this["landed"].name
}

# The fetcher parks what no retry can help.
resource "google_pubsub_topic_iam_member" "fetcher_parks" {
  member  = module.fetcher.member
  project = var.project_id
  role    = "roles/pubsub.publisher"
  topic   = google_pubsub_topic.this["dead_letters"].name
}

# So does the loader.
resource "google_pubsub_topic_iam_member" "loader_parks" {
  member  = module.loader.member
  project = var.project_id
  role    = "roles/pubsub.publisher"
  topic   = google_pubsub_topic.this["dead_letters"].name
}

module "fetch_trigger" {
  source = "./modules/trigger"

  ack_seconds       = local.deadlines.ack_seconds
  alert             = local.delivery_alerts["fetcher"]
  dead_letter_topic = google_pubsub_topic.this["dead_letters"].id
  endpoint          = module.fetcher.uri
  labels            = local.component_labels["fetcher"]
  name              = local.names.fetcher
  project_id        = var.project_id
  pubsub_agent      = google_pubsub_topic_iam_member.pubsub_gives_up.member
  services          = time_sleep.services.id
  topic             = google_pubsub_topic.this["requests"].id
}

module "load_trigger" {
  source = "./modules/trigger"

  ack_seconds       = local.deadlines.ack_seconds
  alert             = local.delivery_alerts["loader"]
  dead_letter_topic = google_pubsub_topic.this["dead_letters"].id
  endpoint          = module.loader.uri
  labels            = local.component_labels["loader"]
  name              = local.names.loader
  project_id        = var.project_id
  pubsub_agent      = google_pubsub_topic_iam_member.pubsub_gives_up.member
  services          = time_sleep.services.id
  topic             = google_pubsub_topic.this["landed"].id
}
