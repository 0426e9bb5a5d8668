variable "alerting" {
  description = "Who else is told, and what is late. Channels are names of existing ones, as `projects/P/notificationChannels/N`: `channels` hear of everything, `critical_channels` of what is CRITICAL. `slack` and `pagerduty` make a channel each; raise their version when the token or the key changes. `gap_objective_hours` is that of `mixpanel-export status`. `severities` replaces the severity of single alerts, by their names in docs/playbooks."
  type = object({
    channels            = optional(list(string), [])
    critical_channels   = optional(list(string), [])
    gap_objective_hours = optional(number, 6)
    severities          = optional(map(string), {})
    pagerduty = optional(object({
      service_key_version = optional(number, 1)
    }))
    slack = optional(object({
      channel_name       = string
      auth_token_version = optional(number, 1)
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for name in concat(var.alerting.channels, var.alerting.critical_channels) :
      can(regex("^projects/[^/]+/notificationChannels/[^/]+$", name))
    ])
    error_message = "alerting.channels and alerting.critical_channels must be names such as projects/P/notificationChannels/N; `gcloud beta monitoring channels list` shows them."
  }

  validation {
    condition     = contains(range(1, 169), var.alerting.gap_objective_hours)
    error_message = "alerting.gap_objective_hours must be a whole number from 1 to 168."
  }

  validation {
    condition     = length(setsubtract(values(var.alerting.severities), ["CRITICAL", "ERROR", "WARNING"])) == 0
    error_message = "alerting.severities must map names of alerts to CRITICAL, ERROR or WARNING."
  }

  validation {
    condition     = var.alerting.slack == null || try(startswith(var.alerting.slack.channel_name, "#"), false)
    error_message = "alerting.slack.channel_name must be the channel with its #, such as #data-alerts."
  }
}

variable "notification_emails" {
  description = "Addresses that hear of every alert. Empty only if `alerting` names other channels."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for email in var.notification_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "notification_emails must be addresses such as data-team@example.com."
  }
}

variable "pagerduty_service_key" {
  description = "Integration key of a PagerDuty service, for `alerting.pagerduty`. Give it in TF_VAR_pagerduty_service_key; it is in no state and in no plan."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    # Write-only arguments are read at every plan, and the provider refuses a channel without one.
    condition     = var.alerting.pagerduty == null || var.pagerduty_service_key != null
    error_message = "alerting.pagerduty needs the service's integration key: set TF_VAR_pagerduty_service_key."
  }
}

variable "slack_auth_token" {
  description = "Bot token of a Slack app that is in the channel, for `alerting.slack`. Give it in TF_VAR_slack_auth_token; it is in no state and in no plan."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.alerting.slack == null || var.slack_auth_token != null
    error_message = "alerting.slack needs the token of a Slack app: set TF_VAR_slack_auth_token."
  }
}
