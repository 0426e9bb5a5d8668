# A key of the operator's own, if wanted: for the export bucket, the topics, the datasets and their
# tables. Not covered are the code (the source bucket, its copy and the images), the secret and logs.

# Makes BigQuery's account when there is none yet.
data "google_bigquery_default_service_account" "agent" {
  count = var.kms_key_name == null ? 0 : 1

  project = local._project_with["bigquery"]
}

# Each service encrypts as an account of its own, and none has access to anybody's key by itself.
resource "google_kms_crypto_key_iam_member" "agents" {
  for_each = var.kms_key_name == null ? {} : {
    bigquery = data.google_bigquery_default_service_account.agent[0].member
    pubsub   = local.pubsub_agent
    storage  = local.storage_agent
  }

  crypto_key_id = var.kms_key_name
  member        = each.value
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"

  depends_on = [google_workload_identity_service_agent.pubsub]
}

# A bucket or a table is refused when the grant has not arrived everywhere, which takes a minute or
# two (cloud.google.com/iam/docs/access-change-propagation).
resource "time_sleep" "key_grants" {
  count = var.kms_key_name == null ? 0 : 1

  create_duration = "120s"
  triggers        = { for agent, grant in google_kms_crypto_key_iam_member.agents : agent => grant.id }
}
