variable "ack_seconds" {
  description = "How long Pub/Sub waits for an answer; longer than the function may take."
  type        = number
  nullable    = false

  validation {
    condition     = var.ack_seconds >= 10 && var.ack_seconds <= 600
    error_message = "ack_seconds must be from 10 to 600: Pub/Sub waits no longer for a push."
  }
}

variable "alert" {
  description = "How to say that messages fail or wait on this hop."
  type = object({
    channels               = list(string)
    documentation          = string
    oldest_unacked_seconds = number
    severity               = string
    user_labels            = map(string)
  })
  nullable = false
}

variable "dead_letter_topic" {
  description = "Id of the topic for messages that every delivery failed."
  type        = string
  nullable    = false
}

variable "endpoint" {
  description = "Where messages are pushed, the audience of the tokens, too."
  type        = string
  nullable    = false
}

variable "labels" {
  description = "Labels of the subscription."
  type        = map(string)
  nullable    = false
}

variable "name" {
  description = "Name of the subscription: that of the function it calls."
  type        = string
  nullable    = false
}

variable "project_id" {
  description = "Google Cloud project."
  type        = string
  nullable    = false
}

variable "pubsub_agent" {
  description = "Pub/Sub's own account in this project, as a member of grants."
  type        = string
  nullable    = false
}

variable "services" {
  description = "Id of what is there once the APIs are enabled."
  type        = string
  nullable    = false
}

variable "topic" {
  description = "Id of the topic whose messages are pushed."
  type        = string
  nullable    = false
}
