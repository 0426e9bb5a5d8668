# What Cloud Logging counts in the functions' log lines. The lines and their fields are in
# docs/contracts.md#log-events; nothing else in Terraform names an event.
#
# Rules of the API (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics):
# a counter is DELTA INT64, and a metric of a field's value DELTA DISTRIBUTION; neither can be
# changed afterwards. Lines from before the metric are not counted.

locals {
  # A deployment's metrics bear its prefix, or two in one project would have one name.
  _metric_prefix = "${local._prefix}mixpanel/"

  # `services` say the line, `where` is what else must hold of it. With `value` the metric is the
  # distribution of this field, and its sum counts rows; without it the number of lines.
  _log_metrics = {
    export_spent = {
      description = "Export requests of the last hour, by the planner's plans"
      services    = ["planner"]
      events      = ["planned"]
      value       = "export_spent"
      buckets     = local._request_buckets
    }
    failures = {
      description = "Deliveries and ticks that did not do what they were for"
      services    = ["planner", "fetcher", "loader"]
      events      = ["transient_failure", "rate_limited", "setup_failure", "parked", "bug"]
      labels      = { event = "What kind of failure" }
    }
    freshness_seconds = {
      description = "Age of the newest loaded interval's end, at each tick"
      services    = ["planner"]
      events      = ["freshness"]
      value       = "age_seconds"
      unit        = "s"
      labels      = local._series_labels
      buckets     = concat(local._age_buckets, [for series in local.series : series.late_after_seconds])
    }
    gap_seconds = {
      description = "Age of the oldest gap, 0 if there is none, at each tick"
      services    = ["planner"]
      events      = ["freshness"]
      value       = "gap_seconds"
      unit        = "s"
      labels      = local._series_labels
      buckets     = concat(local._age_buckets, [local.windows.gap_objective_seconds])
    }
    late_rows = {
      description = "Rows that were processed days after they happened"
      services    = ["fetcher"]
      events      = ["late_data"]
      value       = "row_count"
      labels      = { days_late = "Whole days between event time and processing time" }
      buckets     = local._row_buckets
    }
    loaded_rows = {
      description = "Rows of each load job"
      services    = ["loader"]
      events      = ["loaded"]
      value       = "row_count"
      labels      = local._series_labels
      buckets     = local._row_buckets
    }
    mixpanel_5xx = {
      description = "Answers of Mixpanel with status 500 or more, every attempt"
      services    = ["fetcher"]
      events      = ["mixpanel_response"]
      where       = ["jsonPayload.status>=500"]
    }
    mixpanel_ms = {
      description = "How long Mixpanel took to answer, up to the body"
      services    = ["fetcher"]
      events      = ["mixpanel_response"]
      value       = "ms"
      unit        = "ms"
      labels      = { endpoint = "Path of Mixpanel's API" }
      buckets     = [0, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000]
    }
    mixpanel_responses = {
      description = "Calls to Mixpanel, every attempt"
      services    = ["fetcher"]
      events      = ["mixpanel_response"]
      labels = {
        endpoint = "Path of Mixpanel's API"
        status   = "HTTP status, nothing if there was no answer"
      }
    }
    planned = {
      description = "Ticks of the planner that came to their end"
      services    = ["planner"]
      events      = ["planned"]
    }
    project_secret_days = {
      description = "Days until Mixpanel refuses the project secret that is in use"
      services    = ["fetcher"]
      events      = ["project_secret"]
      value       = "days_left"
      unit        = "d"
      buckets     = concat([-400, 0, 400], values(local.project_secret_days)) # Below 0 after the end.
    }
    query_spent = {
      description = "Query requests of the last hour, by the planner's plans"
      services    = ["planner"]
      events      = ["planned"]
      value       = "query_spent"
      buckets     = local._request_buckets
    }
    rejects = {
      description = "Exports with lines that could not become rows"
      services    = ["fetcher"]
      events      = ["retrieved"]
      where       = ["jsonPayload.rejected>0"]
    }
    requests_waiting = {
      description = "Requests for which the budget had no room, at each tick"
      services    = ["planner"]
      events      = ["planned"]
      value       = "waiting"
      buckets     = [0, 1, 10, 100, 1000, 10000, 100000, 1000000]
    }
    retrieved = {
      description = "Exports that landed, `retrieved: N records`, also with 0 records"
      services    = ["fetcher"]
      events      = ["retrieved"]
    }
    retrieved_rows = {
      description = "Rows of each export that landed"
      services    = ["fetcher"]
      events      = ["retrieved"]
      value       = "row_count"
      labels      = local._series_labels
      buckets     = local._row_buckets
    }
    unloaded = {
      description = "Ticks that found an object which should have been loaded by now"
      services    = ["planner"]
      events      = ["planned"]
      where       = ["jsonPayload.unloaded>0"]
    }
  }

  _series_labels = {
    mode  = "Mode of the series"
    table = "Table of the series"
  }

  _age_buckets     = [for minutes in [0, 15, 30, 60, 120, 240, 480, 1440, 2880, 10080, 43200, 525600] : minutes * 60]
  _request_buckets = concat(range(0, 60, 5), [local.budget.warn_above, 60, 120, 1000])
  _row_buckets     = [0, 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000]

  log_metrics = merge(
    {
      for key, metric in local._log_metrics : key => {
        description = metric.description
        filter = join("\n", concat(
          [
            "resource.type=\"cloud_run_revision\"",
            "resource.labels.service_name=(${join(" OR ", [for service in metric.services : jsonencode(local.names[service])])})",
            "jsonPayload.event=(${join(" OR ", [for event in metric.events : jsonencode(event)])})",
          ],
          try(metric.where, []),
        ))
        value = try(metric.value, null)
        unit  = try(metric.unit, "1")
        # Bounds rise, and none comes twice; sort() knows text only, so numbers are padded.
        bounds = [
          for text in sort(distinct([for bound in try(metric.buckets, []) : format("%012d", bound)])) :
          tonumber(text)
        ]
        labels = try(metric.labels, {})
      }
    },
    {
      # Cloud Scheduler's own line about each call that did not succeed.
      scheduler_errors = {
        description = "Calls of the planner that Cloud Scheduler saw fail"
        filter = join("\n", [
          "resource.type=\"cloud_scheduler_job\"",
          "resource.labels.job_id=\"${local.names.planner}\"",
          "severity>=ERROR",
        ])
        value  = null
        unit   = "1"
        bounds = []
        labels = {}
      }
    },
  )

  # What conditions and charts call the metrics.
  log_metric_types = {
    for key in keys(local.log_metrics) : key => "logging.googleapis.com/user/${local._metric_prefix}${key}"
  }

  # The same in PromQL: the first / becomes :, every other special character _; a metric of logs
  # may belong to several kinds of resources, so a query must say which
  # (https://cloud.google.com/monitoring/promql/promql-mapping).
  promql_names = {
    for key, type in local.log_metric_types :
    key => replace(replace(type, "/^([^/]*)\\//", "$1:"), "/[^A-Za-z0-9_:]/", "_")
  }
}

resource "google_logging_metric" "this" {
  for_each = local.log_metrics

  project         = var.project_id
  name            = "${local._metric_prefix}${each.key}"
  description     = each.value.description
  filter          = each.value.filter
  value_extractor = each.value.value == null ? null : "EXTRACT(jsonPayload.${each.value.value})"

  label_extractors = { for key in keys(each.value.labels) : key => "EXTRACT(jsonPayload.${key})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = each.value.value == null ? "INT64" : "DISTRIBUTION"
    unit        = each.value.unit

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key         = labels.key
        value_type  = "STRING"
        description = labels.value
      }
    }
  }

  dynamic "bucket_options" {
    for_each = each.value.value == null ? [] : [each.value.bounds]
    content {
      explicit_buckets {
        bounds = bucket_options.value
      }
    }
  }

  depends_on = [time_sleep.services]
}

# An alert policy on a metric that Monitoring does not know yet is refused with 404
# (https://github.com/hashicorp/terraform-provider-google/issues/10325), which may take minutes; the
# functions are built meanwhile. A new metric makes the sleep anew, a changed filter does not.
resource "time_sleep" "log_metrics" {
  create_duration = "300s"
  triggers        = { for key, metric in google_logging_metric.this : key => metric.id }
}
