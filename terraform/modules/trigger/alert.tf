locals {
  _of_subscription = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${var.name}\""
}

resource "google_monitoring_alert_policy" "delivery" {
  combiner              = "OR"
  display_name          = "Delivery to ${var.name}"
  notification_channels = var.alert.channels
  project               = var.project_id
  severity              = var.alert.severity
  user_labels           = var.alert.user_labels

  conditions {
    display_name = "A message of ${var.name} became a dead letter"

    condition_threshold {
      comparison      = "COMPARISON_GT"
      duration        = "0s"
      filter          = "metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\" AND ${local._of_subscription}"
      threshold_value = 0

      aggregations {
        alignment_period     = "300s"
        cross_series_reducer = "REDUCE_SUM"
        per_series_aligner   = "ALIGN_DELTA"
      }
    }
  }

  conditions {
    display_name = "A message of ${var.name} has waited for more than ${var.alert.oldest_unacked_seconds} s"

    condition_threshold {
      comparison      = "COMPARISON_GT"
      duration        = "0s"
      filter          = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND ${local._of_subscription}"
      threshold_value = var.alert.oldest_unacked_seconds

      aggregations {
        alignment_period     = "300s"
        cross_series_reducer = "REDUCE_MAX"
        per_series_aligner   = "ALIGN_MAX"
      }
    }
  }

  documentation {
    content   = var.alert.documentation
    mime_type = "text/markdown"
    subject   = "Messages for ${var.name} fail or wait"
  }

  alert_strategy {
    # Dead letters are counted only when there are some: an hour without closes the incident.
    auto_close = "3600s"
  }

  # The filters name it by its name.
  depends_on = [google_pubsub_subscription.push]
}
