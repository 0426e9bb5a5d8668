# The APIs that are called, by Terraform or by what it makes. `terraform destroy` leaves them on:
# something else in the project may use them.

resource "google_project_service" "this" {
  for_each = toset(concat(length(local.jobs) > 0 ? ["bigquerydatatransfer.googleapis.com"] : [], [
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudresourcemanager.googleapis.com", # Grants on the project.
    "cloudscheduler.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
    "workloadidentity.googleapis.com", # Makes accounts of Google's services, below.
  ]))

  disable_on_destroy = false
  project            = var.project_id
  service            = each.value
}

# An API that has just been enabled refuses calls for a while. Everything waits for this, once.
resource "time_sleep" "services" {
  create_duration = "60s"
  # An upgrade that needs one more API waits again.
  triggers = { services = join(",", keys(google_project_service.this)) }

  depends_on = [google_project_service.this]
}

locals {
  # The project's id, not known before the API is enabled. So these accounts are looked up no earlier
  # than that, as with `depends_on`; but with it every plan that enables another API would look them
  # up while it is applied, and replace all grants to them.
  _project_with = {
    for api in ["bigquery", "storage"] :
    api => split("/", google_project_service.this["${api}.googleapis.com"].id)[0]
  }
}

# Makes Cloud Storage's account when there is none yet.
data "google_storage_project_service_account" "agent" {
  project = local._project_with["storage"]
}

# Makes Pub/Sub's account, which otherwise appears at some time after the API is enabled; a grant to
# an account that does not exist is refused (cloud.google.com/iam/docs/create-service-agents).
resource "google_workload_identity_service_agent" "pubsub" {
  parent = "projects/${google_storage_bucket.source.project_number}/locations/global/serviceProducers/pubsub.googleapis.com"

  depends_on = [time_sleep.services]
}

locals {
  # From the bucket, as reading the project would take one more API before the first plan.
  _project_number = google_storage_bucket.source.project_number
  _pubsub_account = "service-${local._project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  pubsub_agent  = "serviceAccount:${local._pubsub_account}"
  storage_agent = data.google_storage_project_service_account.agent.member
}
