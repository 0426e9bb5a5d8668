# Every name that is said more than once, computed from variables only: so filters, dashboards and
# commands can hold a name without waiting for the resource that bears it.

locals {
  # `acme-` or nothing, and `acme_` or nothing for datasets, which take no hyphen.
  _prefix         = var.prefix == null ? "" : "${var.prefix}-"
  _dataset_prefix = replace(local._prefix, "-", "_")

  names = {
    # Functions. Cloud Run names the service of a function after it, and logs and metrics bear the
    # service's name, so it is in kebab-case from the beginning.
    fetcher = "${local._prefix}fetcher"
    loader  = "${local._prefix}loader"
    planner = "${local._prefix}planner"

    # Topics. A push subscription is named after the function that it calls, the subscription of
    # the dead letters like its topic.
    dead_letters = "${local._prefix}dead-letters"
    landed       = "${local._prefix}landed-objects"
    requests     = "${local._prefix}export-requests"

    # Bucket names are taken world-wide, project ids are, too.
    export_bucket = "${var.project_id}-${local._prefix}mixpanel-exports"
    source_bucket = "${var.project_id}-${local._prefix}mixpanel-source"

    dataset     = "${local._dataset_prefix}mixpanel"
    raw_dataset = "${local._dataset_prefix}mixpanel_raw"

    # Begins every load job's id, which is one namespace for all deployments of a project.
    environment = coalesce(var.prefix, "prod")

    secret = coalesce(var.mixpanel_secret_id, "${local._prefix}mixpanel-credentials")
  }
}
