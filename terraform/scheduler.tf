# An account of its own, which may call the planner and nothing else.
resource "google_service_account" "scheduler" {
  account_id   = "${local._prefix}scheduler"
  description  = "Cloud Scheduler calls the planner as this account."
  display_name = "scheduler of the Mixpanel export"
  project      = var.project_id

  depends_on = [time_sleep.services]
}

resource "google_cloud_scheduler_job" "tick" {
  # Longer than the planner may take, so that its answer is what counts.
  attempt_deadline = "${local.deadlines.ack_seconds}s"
  description      = "Calls the planner when an interval has just settled."
  name             = local.names.planner
  project          = var.project_id
  region           = var.region
  schedule         = local.schedule.cron
  # Another zone skips an hour in spring and repeats one in autumn.
  time_zone = "Etc/UTC"

  http_target {
    http_method = "POST"
    uri         = module.planner.uri

    oidc_token {
      audience              = module.planner.uri
      service_account_email = google_service_account.scheduler.email
    }
  }

  # Without this a failed call waits for the next tick. A call that died while it published is waited
  # for by the others, ten minutes long; these five span twenty-five.
  retry_config {
    max_backoff_duration = "600s"
    max_doublings        = 4
    min_backoff_duration = "60s"
    retry_count          = 5
  }

  # Nobody keeps a request that is published before there is a subscription, and the planner, which
  # has asked, would wait for hours before it asks again.
  depends_on = [
    google_storage_notification.landed,
    module.fetch_trigger,
    module.load_trigger,
    time_sleep.services,
  ]
}
