variable "pagerduty_service_key" {
  description = "Integration key of a PagerDuty service."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "slack_auth_token" {
  description = "Bot token of a Slack app that is in the channel."
  type        = string
  sensitive   = true
  ephemeral   = true
}
