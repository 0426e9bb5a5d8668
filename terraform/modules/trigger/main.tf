# One hop: a topic's messages are pushed to a function, and what fails for good is kept.

# An account of its own, which may call this one function and nothing else.
resource "google_service_account" "push" {
  account_id   = "${var.name}-push"
  description  = "Pub/Sub calls ${var.name} as this account."
  display_name = "${var.name} push of the Mixpanel export"
  project      = var.project_id

  depends_on = [var.services]
}

# Pub/Sub makes the tokens of this account, and of no other.
resource "google_service_account_iam_member" "push_tokens" {
  member             = var.pubsub_agent
  role               = "roles/iam.serviceAccountTokenCreator"
  service_account_id = google_service_account.push.name
}

resource "google_pubsub_subscription" "push" {
  # The push request times out with this deadline (cloud.google.com/pubsub/docs/push).
  ack_deadline_seconds       = var.ack_seconds
  labels                     = var.labels
  message_retention_duration = "604800s"
  name                       = var.name
  project                    = var.project_id
  topic                      = var.topic

  push_config {
    push_endpoint = var.endpoint

    oidc_token {
      # Cloud Run knows its service by this address only.
      audience              = var.endpoint
      service_account_email = google_service_account.push.email
    }
  }

  # An answer of "busy" by Cloud Run counts as a delivery, so there are many, and far apart: a
  # message is tried for three to six hours, as each delivery takes its time, too.
  retry_policy {
    maximum_backoff = "600s"
    minimum_backoff = "60s"
  }

  dead_letter_policy {
    dead_letter_topic     = var.dead_letter_topic
    max_delivery_attempts = 20
  }

  # Pub/Sub deletes a subscription after 31 quiet days otherwise.
  expiration_policy {
    ttl = ""
  }

  depends_on = [google_service_account_iam_member.push_tokens]
}

# Pub/Sub takes a message off this subscription when it makes a dead letter of it; without the
# grant, it goes on delivering for ever (cloud.google.com/pubsub/docs/handling-failures).
resource "google_pubsub_subscription_iam_member" "dead_letters" {
  member       = var.pubsub_agent
  project      = var.project_id
  role         = "roles/pubsub.subscriber"
  subscription = google_pubsub_subscription.push.name
}
