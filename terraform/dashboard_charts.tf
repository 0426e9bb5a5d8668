# One dashboard, read from the top: is everything there, does Mixpanel answer, does something wait,
# what does it cost. The table says what each chart shows; dashboard.tf lays them out.

locals {
  # `sets` are lines or bars: either a metric, aligned and reduced, or PromQL, which alone knows the
  # sum of a distribution (https://cloud.google.com/monitoring/promql/promql-mapping).
  _charts = [
    [
      {
        title = "How old the newest loaded data are"
        sets = [{
          metric   = local.log_metric_types.freshness_seconds
          reducer  = "REDUCE_MEAN"
          group_by = local._by_series
          seconds  = local._tick_seconds
        }]
        thresholds = distinct([for series in values(local.series) : series.late_after_seconds])
      },
      {
        title = "How long the oldest gap is one"
        sets = [{
          metric   = local.log_metric_types.gap_seconds
          reducer  = "REDUCE_MEAN"
          group_by = local._by_series
          seconds  = local._tick_seconds
        }]
        thresholds = [local.windows.gap_objective_seconds]
      },
    ],
    [
      {
        title = "Rows retrieved per interval"
        sets = [{
          promql = "sum by (table, mode) (increase(${local.promql_names.retrieved_rows}_sum${local._from_functions}[${local._interval}]))"
          plot   = "STACKED_BAR"
        }]
      },
      {
        title = "Rows loaded per interval"
        sets = [{
          promql = "sum by (table, mode) (increase(${local.promql_names.loaded_rows}_sum${local._from_functions}[${local._interval}]))"
          plot   = "STACKED_BAR"
        }]
      },
      {
        title = "Late rows per interval, by days late"
        sets = [{
          promql = "sum by (days_late) (increase(${local.promql_names.late_rows}_sum${local._from_functions}[${local._interval}]))"
          plot   = "STACKED_BAR"
        }]
      },
    ],
    [
      {
        title = "How long Mixpanel takes to answer: 50 and 95 of 100 calls"
        sets = [
          for percentile in ["50", "95"] : {
            metric   = local.log_metric_types.mixpanel_ms
            aligner  = "ALIGN_DELTA"
            reducer  = "REDUCE_PERCENTILE_${percentile}"
            group_by = ["metric.label.endpoint"]
            legend   = "$${metric.labels.endpoint} ${percentile} %"
          }
        ]
      },
      {
        title = "Answers of Mixpanel, by status"
        sets = [{
          metric   = local.log_metric_types.mixpanel_responses
          group_by = ["metric.label.endpoint", "metric.label.status"]
          plot     = "STACKED_BAR"
        }]
      },
      {
        title = "Failures, by kind"
        sets = [{
          metric   = local.log_metric_types.failures
          group_by = ["resource.label.service_name", "metric.label.event"]
          plot     = "STACKED_BAR"
        }]
      },
    ],
    [
      {
        title = "Budget: requests that the planner made within an hour"
        sets = [
          for family in ["export", "query"] : {
            metric  = local.log_metric_types["${family}_spent"]
            reducer = "REDUCE_MEAN"
            legend  = family
            seconds = local._tick_seconds
          }
        ]
        thresholds = [var.export.requests_per_hour, local.budget.mixpanel_per_hour]
      },
      {
        title = "Calls to Mixpanel within an hour, every attempt"
        sets = [{
          metric   = local.log_metric_types.mixpanel_responses
          group_by = ["metric.label.endpoint"]
        }]
        thresholds = [local.budget.mixpanel_per_hour]
      },
      {
        title = "Requests that wait for budget"
        sets = [{
          metric  = local.log_metric_types.requests_waiting
          reducer = "REDUCE_MEAN"
          seconds = local._tick_seconds
        }]
      },
    ],
    [
      {
        title = "Dead letters that wait for a person"
        sets = [{
          metric   = "pubsub.googleapis.com/subscription/num_undelivered_messages"
          resource = "pubsub_subscription"
          where    = "resource.labels.subscription_id=\"${local.names.dead_letters}\""
          aligner  = "ALIGN_MAX"
          seconds  = 300
        }]
      },
      {
        title = "Messages that wait"
        sets = [{
          metric   = "pubsub.googleapis.com/subscription/num_undelivered_messages"
          resource = "pubsub_subscription"
          where    = local._is_a_hop
          aligner  = "ALIGN_MAX"
          group_by = ["resource.label.subscription_id"]
          seconds  = 300
        }]
      },
      {
        title = "How long the oldest of them waits"
        sets = [{
          metric   = "pubsub.googleapis.com/subscription/oldest_unacked_message_age"
          resource = "pubsub_subscription"
          where    = local._is_a_hop
          aligner  = "ALIGN_MAX"
          reducer  = "REDUCE_MAX"
          group_by = ["resource.label.subscription_id"]
          seconds  = 300
        }]
        thresholds = distinct([local.windows.fetch_unacked_seconds, local.windows.load_unacked_seconds])
      },
    ],
    [
      {
        title = "Memory, share of the limit: 99 of 100 samples"
        sets = [merge(local._of_functions, {
          metric  = "run.googleapis.com/container/memory/utilizations"
          seconds = 300
        })]
        thresholds = [0.9]
      },
      {
        title = "CPU, share of the limit: 99 of 100 samples"
        sets = [merge(local._of_functions, {
          metric  = "run.googleapis.com/container/cpu/utilizations"
          seconds = 300
        })]
        thresholds = [0.9]
      },
      {
        title = "Time of a request in ms: 99 of 100"
        sets = [merge(local._of_functions, {
          metric  = "run.googleapis.com/request_latencies"
          seconds = 300
        })]
        thresholds = [local.windows.latency_ms]
      },
    ],
    [
      {
        title = "Cost: instance seconds per hour"
        sets = [{
          metric   = "run.googleapis.com/container/billable_instance_time"
          where    = local._is_ours
          group_by = ["resource.label.service_name"]
          plot     = "STACKED_BAR"
        }]
      },
      {
        title = "Cost: load jobs per hour (free, at most 1,500 a table and day)"
        sets = [{
          promql = "sum by (table) (increase(${local.promql_names.loaded_rows}_count${local._from_functions}[1h]))"
          plot   = "STACKED_BAR"
        }]
      },
    ],
    [
      {
        title = "Cost: bytes in the buckets"
        sets = [{
          metric   = "storage.googleapis.com/storage/v2/total_bytes"
          resource = "gcs_bucket"
          where    = "resource.labels.bucket_name=one_of(\"${local.names.export_bucket}\",\"${local.names.source_bucket}\")"
          aligner  = "ALIGN_MEAN"
          group_by = ["resource.label.bucket_name"]
        }]
      },
      {
        title = "Cost: bytes in BigQuery"
        sets = [{
          metric   = "bigquery.googleapis.com/storage/stored_bytes"
          resource = "bigquery_dataset"
          where    = "resource.labels.dataset_id=\"${local.names.raw_dataset}\""
          aligner  = "ALIGN_MEAN"
          group_by = ["metric.label.table"]
        }]
      },
      {
        # Of everybody's queries in the project; this metric knows no dataset.
        title = "Cost: bytes billed for queries of the project, per hour"
        sets = [{
          metric   = "bigquery.googleapis.com/query/scanned_bytes_billed"
          resource = "global"
          plot     = "STACKED_BAR"
        }]
      },
    ],
  ]

  _by_series      = ["metric.label.table", "metric.label.mode"]
  _from_functions = "{monitored_resource=\"cloud_run_revision\"}"
  _interval       = "${local.schedule.interval_minutes}m"
  _is_a_hop       = "resource.labels.subscription_id=one_of(\"${local.names.fetcher}\",\"${local.names.loader}\")"
}
