# One hop by itself: nothing that is delivered can be lost without a word.

mock_provider "google" {}

override_resource {
  target = google_service_account.push
  values = {
    email = "hop-push@acme-analytics.iam.gserviceaccount.com"
    name  = "projects/acme-analytics/serviceAccounts/hop-push@acme-analytics.iam.gserviceaccount.com"
  }
}

variables {
  ack_seconds = 600
  alert = {
    channels               = ["projects/p/notificationChannels/1"]
    documentation          = "What to do."
    oldest_unacked_seconds = 3600
    severity               = "ERROR"
    user_labels            = { alert = "delivery" }
  }
  dead_letter_topic = "projects/acme-analytics/topics/dead-letters"
  endpoint          = "https://hop-abcdefghij-ew.a.run.app"
  labels            = { app = "mixpanel-export" }
  name              = "hop"
  project_id        = "acme-analytics"
  pubsub_agent      = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
  services          = "ready"
  topic             = "projects/acme-analytics/topics/hops"
}

run "a_hop" {
  command = apply

  assert {
    condition     = google_pubsub_subscription.push.expiration_policy[0].ttl == ""
    error_message = "A subscription that nobody uses for a month stays."
  }
  assert {
    condition     = google_pubsub_subscription.push.dead_letter_policy[0].dead_letter_topic == var.dead_letter_topic
    error_message = "What fails for good is kept."
  }
  assert {
    condition     = google_pubsub_subscription.push.push_config[0].oidc_token[0].audience == var.endpoint
    error_message = "Cloud Run takes tokens for its own address only."
  }
  assert {
    condition     = google_pubsub_subscription.push.push_config[0].oidc_token[0].service_account_email == google_service_account.push.email
    error_message = "Messages are pushed by the hop's own account."
  }
  assert {
    condition     = google_service_account_iam_member.push_tokens.member == var.pubsub_agent
    error_message = "Pub/Sub may make the tokens of that account."
  }
  assert {
    condition     = google_pubsub_subscription_iam_member.dead_letters.subscription == "hop"
    error_message = "Pub/Sub may take a dead letter off this subscription."
  }
  assert {
    condition     = google_monitoring_alert_policy.delivery.conditions[1].condition_threshold[0].threshold_value == 3600
    error_message = "Somebody hears of messages that wait as long as was said."
  }
}

run "waits_too_short" {
  command = plan
  variables {
    ack_seconds = 9
  }

  expect_failures = [var.ack_seconds]
}

run "waits_too_long" {
  command = plan
  variables {
    ack_seconds = 601
  }

  expect_failures = [var.ack_seconds]
}

run "the_shortest_wait" {
  command = plan
  variables {
    ack_seconds = 10
  }
}
