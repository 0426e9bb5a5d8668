# Who is told of what: everybody of everything, and whoever may be woken of what is CRITICAL.

locals {
  _channels = concat(
    [for email in sort(var.notification_emails) : google_monitoring_notification_channel.email[email].id],
    google_monitoring_notification_channel.slack[*].id,
    var.alerting.channels,
  )
  _paging_channels = concat(
    google_monitoring_notification_channel.pagerduty[*].id,
    var.alerting.critical_channels,
  )

  channels_by_severity = {
    CRITICAL = distinct(concat(local._channels, local._paging_channels))
    ERROR    = local._channels
    WARNING  = local._channels
  }

  # PagerDuty has escalation policies of its own, so reminders go to the others only. Said of
  # variables, as a plan must know whether there are any.
  _has_channels = (
    length(var.notification_emails) + length(var.alerting.channels) > 0
    || var.alerting.slack != null
  )
}

# An email or a page that nobody gets is found out in the worst moment. It is no error, as alerts
# also show in the console.
check "somebody_is_told" {
  assert {
    condition = (
      local._has_channels || length(var.alerting.critical_channels) > 0 || var.alerting.pagerduty != null
    )
    error_message = "Nobody is told of alerts: give notification_emails, or channels in alerting."
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.notification_emails

  project      = var.project_id
  display_name = "${local.alert_subject}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
  user_labels  = local.alert_labels

  depends_on = [time_sleep.services]
}

# Google takes a wrong token without a word, and then nothing arrives: send a test notification
# after the first apply (https://github.com/hashicorp/terraform-provider-google/issues/11346).
resource "google_monitoring_notification_channel" "slack" {
  count = var.alerting.slack == null ? 0 : 1

  project      = var.project_id
  display_name = "${local.alert_subject}: ${var.alerting.slack.channel_name}"
  type         = "slack"
  labels       = { channel_name = var.alerting.slack.channel_name }
  user_labels  = local.alert_labels

  sensitive_labels {
    auth_token_wo         = var.slack_auth_token
    auth_token_wo_version = tostring(var.alerting.slack.auth_token_version)
  }

  depends_on = [time_sleep.services]
}

resource "google_monitoring_notification_channel" "pagerduty" {
  count = var.alerting.pagerduty == null ? 0 : 1

  project      = var.project_id
  display_name = "${local.alert_subject}: PagerDuty"
  type         = "pagerduty"
  user_labels  = local.alert_labels

  sensitive_labels {
    service_key_wo         = var.pagerduty_service_key
    service_key_wo_version = tostring(var.alerting.pagerduty.service_key_version)
  }

  depends_on = [time_sleep.services]
}
