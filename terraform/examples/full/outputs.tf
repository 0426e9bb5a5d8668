# What `mixpanel-export --terraform` reads of the folder in which Terraform runs, and the command that
# needs no folder; the other commands among the module's outputs name terraform/, which is not here.

output "dead_letter_subscription" {
  description = "Pull subscription of the dead letters."
  value       = module.export.dead_letter_subscription
}

output "fetcher_environment" {
  description = "What the fetcher has as its environment, without its secret."
  value       = module.export.fetcher_environment
}

output "loader_environment" {
  description = "What the loader has as its environment."
  value       = module.export.loader_environment
}

output "planner_environment" {
  description = "What the planner has as its environment."
  value       = module.export.planner_environment
}

output "planner_url" {
  description = "Where Cloud Scheduler calls the planner."
  value       = module.export.planner_url
}

output "replay_command" {
  description = "Fetches one interval of events again, without our tool; needs START and END."
  value       = module.export.replay_command
}
