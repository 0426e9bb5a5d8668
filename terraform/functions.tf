locals {
  # Of the repository: the code of the functions lies beside this folder.
  _root = "${path.module}/.."

  _build = {
    bucket          = google_storage_bucket.source.name
    repository      = google_artifact_registry_repository.images.id
    service_account = google_service_account.build.id
  }
}

module "planner" {
  source = "./modules/function"

  build       = local._build
  cpu         = "1"
  description = "Compares what should be in BigQuery with what is, and asks for what is missing."
  entry_point = "plan"
  environment = local.environments.planner
  invokers    = { scheduler = google_service_account.scheduler.member }
  labels      = local.component_labels["planner"]
  # Two at once do no harm, but one of them has to be called again.
  max_instances = 1
  # A record of each interval since EXPORT_SINCE: about 100 MB for two years of five minutes each.
  memory          = "1Gi"
  name            = local.names.planner
  needs           = [time_sleep.build_grants.id]
  project_id      = var.project_id
  region          = var.region
  root            = local._root
  services        = time_sleep.services.id
  source_name     = "planner"
  timeout_seconds = local.deadlines.function_seconds
}

module "fetcher" {
  source = "./modules/function"

  build       = local._build
  cpu         = "1"
  description = "Fetches one interval from Mixpanel into the bucket."
  entry_point = "fetch"
  environment = local.environments.fetcher
  invokers    = { push = module.fetch_trigger.member }
  labels      = local.component_labels["fetcher"]
  # See the variable. The planner's budget is what bounds an hour; this only bounds a moment.
  max_instances = var.fetcher_instances
  # It holds no export in memory: 70 MB, however long the export is.
  memory = "512Mi"
  name   = local.names.fetcher
  # An instance that may not read its secret does not start, and the deployment fails.
  needs      = [time_sleep.build_grants.id, google_secret_manager_secret_iam_member.fetcher.id]
  project_id = var.project_id
  region     = var.region
  root       = local._root
  secrets = {
    MIXPANEL_CREDENTIALS = {
      project_number = local._project_number
      secret         = local.names.secret
      version        = data.google_secret_manager_secret_version.mixpanel.version
    }
  }
  services        = time_sleep.services.id
  source_name     = "fetcher"
  timeout_seconds = local.deadlines.function_seconds
}

module "loader" {
  source = "./modules/function"

  build       = local._build
  cpu         = "0.5"
  description = "Appends each landed object to its BigQuery table, by one load job."
  entry_point = "load"
  environment = local.environments.loader
  invokers    = { push = module.load_trigger.member }
  labels      = local.component_labels["loader"]
  # It waits for BigQuery, most of the time; so many load jobs run side by side.
  max_instances   = 5
  memory          = "512Mi"
  name            = local.names.loader
  needs           = [time_sleep.build_grants.id]
  project_id      = var.project_id
  region          = var.region
  root            = local._root
  services        = time_sleep.services.id
  source_name     = "loader"
  timeout_seconds = local.deadlines.function_seconds
}
