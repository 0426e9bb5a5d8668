output "member" {
  description = "The account it runs as, as a member of grants."
  value       = google_service_account.runtime.member
}

output "name" {
  description = "Name of the function and of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}

output "service_account_email" {
  description = "The account it runs as."
  value       = google_service_account.runtime.email
}

output "uri" {
  description = "Where it is called, and the audience of tokens for it."
  value       = google_cloudfunctions2_function.this.service_config[0].uri

  # Whoever calls without a grant is refused.
  depends_on = [google_cloud_run_service_iam_member.invoker]
}
