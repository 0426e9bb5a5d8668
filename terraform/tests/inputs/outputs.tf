# The root module's variables and what follows from them alone: links to its files, and no resource.
# So a run that only looks at these needs no provider, and is done in a moment.

output "names" {
  description = "All names."
  value       = local.names
}

output "schedule" {
  description = "Lengths and the cron expression."
  value       = local.schedule
}

output "series" {
  description = "The series that are wanted, and when each is late."
  value       = local.series
}

output "windows" {
  description = "Windows of alerts."
  value       = local.windows
}
