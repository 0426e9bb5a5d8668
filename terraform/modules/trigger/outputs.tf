output "member" {
  description = "The account that calls the function, as a member of grants."
  value       = google_service_account.push.member
}

output "subscription" {
  description = "Name of the push subscription."
  value       = google_pubsub_subscription.push.name
}
