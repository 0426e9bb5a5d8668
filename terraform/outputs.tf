output "backfill_command" {
  description = "Wishes for everything since an earlier day. For a checkout whose folder terraform/ has the state, after `make install`: run it in the checkout."
  value       = ".venv/bin/mixpanel-export --terraform terraform backfill --since DAY"
}

output "compatibility_datasets" {
  description = "Names of the datasets with views in the shape of other loaders' tables, by vendor."
  value       = { for vendor, dataset in google_bigquery_dataset.compatibility : vendor => dataset.dataset_id }

  depends_on = [
    google_bigquery_dataset_access.compatibility_view,
    google_bigquery_table.compatibility_view,
  ]
}

output "datasets" {
  description = "Names of the dataset of the views, for analysts, and of the raw tables."
  value = {
    raw   = google_bigquery_dataset.raw.dataset_id
    views = google_bigquery_dataset.views.dataset_id
  }

  # A view that is not authorised cannot be read by those who may.
  depends_on = [
    google_bigquery_dataset_access.authorized_function,
    google_bigquery_dataset_access.authorized_view,
    google_bigquery_table.derived_view,
    google_bigquery_table.view,
  ]
}

output "dead_letter_subscription" {
  description = "Pull subscription of the dead letters."
  value       = google_pubsub_subscription.dead_letters.name
}

output "drain_command" {
  description = "Publishes what the dead letters hold again, each to its topic. Run it like `backfill_command`."
  value       = ".venv/bin/mixpanel-export --terraform terraform dead-letters redrive --all"
}

output "export_bucket" {
  description = "Where exports land."
  value       = google_storage_bucket.exports.name
}

output "fetcher_environment" {
  description = "What the fetcher has as its environment, without MIXPANEL_CREDENTIALS."
  value       = local.environments.fetcher

  depends_on = [module.fetcher]
}

output "functions" {
  description = "Names of the functions and of their Cloud Run services."
  value = {
    fetcher = module.fetcher.name
    loader  = module.loader.name
    planner = module.planner.name
  }
}

output "loader_environment" {
  description = "What the loader has as its environment."
  value       = local.environments.loader

  depends_on = [module.loader]
}

output "planner_environment" {
  description = "What the planner has as its environment."
  value       = local.environments.planner

  depends_on = [module.planner]
}

output "planner_url" {
  description = "Where Cloud Scheduler calls the planner."
  value       = module.planner.uri
}

output "protect_data" {
  description = "Whether Terraform refuses to delete raw tables and the secret, as of the last apply; `make destroy` reads it."
  # Not the variable's value: what counts is what they have in the state.
  value = anytrue(concat(
    values(google_bigquery_table.raw)[*].deletion_protection,
    google_secret_manager_secret.mixpanel[*].deletion_protection,
  ))
}

output "replay_command" {
  description = "Fetches one interval of events again, from anywhere, without our tool. Set START and END before, such as START=2026-11-22T08:00:00Z."
  value       = "gcloud pubsub topics publish ${google_pubsub_topic.this["requests"].name} --project=${var.project_id} --message=\"{\\\"version\\\":1,\\\"table\\\":\\\"events\\\",\\\"start\\\":\\\"$${START:?}\\\",\\\"end\\\":\\\"$${END:?}\\\"}\""
}

output "secret" {
  description = "The secret that holds the credentials of Mixpanel; add a version to it, then apply."
  value       = local.names.secret
}

output "service_accounts" {
  description = "The accounts that the functions run as."
  value = {
    fetcher = module.fetcher.service_account_email
    loader  = module.loader.service_account_email
    planner = module.planner.service_account_email
  }
}

output "status_command" {
  description = "Shows what is loaded and what is missing. Run it like `backfill_command`."
  value       = ".venv/bin/mixpanel-export --terraform terraform status"
}

output "topics" {
  description = "Names of the topics."
  value       = { for use, topic in google_pubsub_topic.this : use => topic.name }
}
