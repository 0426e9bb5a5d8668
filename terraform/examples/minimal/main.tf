# All that has to be said. The secret exists already, so that one `terraform apply` does; leave
# mixpanel_secret_id out to have it made, then add its value and apply again.

terraform {
  required_version = ">= 1.11"

  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.7"
    }
    google = {
      source  = "hashicorp/google"
      version = "~> 8.0"
    }
    time = {
      source  = "hashicorp/time"
      version = "~> 0.13"
    }
  }
}

module "export" {
  source = "../../"

  mixpanel_project_id = "2195193"
  mixpanel_secret_id  = "mixpanel-credentials"
  notification_emails = ["data-team@example.com"]
  project_id          = "example-analytics"
  region              = "europe-west1"
}
