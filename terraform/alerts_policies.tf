# The table of alerts.tf as alert policies.
#
# Of the documentation the API takes 8,192 characters, of its subject 255
# (https://cloud.google.com/monitoring/alerts/policies-in-api).

locals {
  # https://cloud.google.com/monitoring/alerts/metric-absence
  _longest_absence_seconds = 84600

  alert_subject = var.prefix == null ? "Mixpanel export" : "Mixpanel export ${var.prefix}"
  alert_labels  = merge(local.labels, { component = "monitoring" })

  _playbooks = "${path.module}/../docs/playbooks"

  alerts = {
    for name, alert in local._alerts : name => {
      title      = alert.title
      severity   = lookup(var.alerting.severities, name, alert.severity)
      playbook   = alert.playbook
      absence    = try(alert.absence, null)
      silence    = null
      thresholds = { for says, row in try(alert.thresholds, {}) : says => merge(local._threshold, row) }
    } if !try(alert.is_left_out, false)
  }

  # An absence is three conditions, as each has a blind spot. The one in PromQL must be alone in its
  # policy (https://cloud.google.com/monitoring/promql/create-promql-alerts).
  _silences = {
    for name, alert in local.alerts : "${name}_ever" => merge(alert, {
      title   = "${alert.title}, or was never there"
      absence = null
      silence = alert.absence
    }) if alert.absence != null
  }

  # What most conditions are: lines counted, over all revisions.
  _threshold = {
    resource     = "cloud_run_revision"
    where        = null
    aligner      = "ALIGN_DELTA"
    reducer      = "REDUCE_SUM"
    group_by     = []
    hold_seconds = 0
    above        = null
    below        = null
  }

  _quoted_functions = [for name in [local.names.fetcher, local.names.loader, local.names.planner] : jsonencode(name)]

  _is_ours = "resource.labels.service_name=one_of(${join(",", local._quoted_functions)})"

  # Cloud Run's own metrics: the worst of 100 samples, of each function.
  _of_functions = {
    where    = local._is_ours
    aligner  = "ALIGN_PERCENTILE_99"
    reducer  = "REDUCE_MAX"
    group_by = ["resource.label.service_name"]
  }

  # The two hops' alerts, which are part of modules/trigger; ERROR, as Pub/Sub goes on trying and
  # the planner asks again for what it gave up on.
  _delivery_alerts = {
    fetcher = {
      severity               = "ERROR"
      playbook               = "delivery_fetcher"
      oldest_unacked_seconds = local.windows.fetch_unacked_seconds
    }
    loader = {
      severity               = "ERROR"
      playbook               = "delivery_loader"
      oldest_unacked_seconds = local.windows.load_unacked_seconds
    }
  }

  delivery_alerts = {
    for hop, alert in local._delivery_alerts : hop => {
      channels               = local.channels_by_severity[lookup(var.alerting.severities, alert.playbook, alert.severity)]
      severity               = lookup(var.alerting.severities, alert.playbook, alert.severity)
      documentation          = file("${local._playbooks}/${alert.playbook}.md")
      oldest_unacked_seconds = alert.oldest_unacked_seconds
      user_labels            = merge(local.alert_labels, { alert = alert.playbook })
    }
  }
}

resource "google_monitoring_alert_policy" "this" {
  for_each = merge(local.alerts, local._silences)

  project               = var.project_id
  display_name          = "${local.alert_subject}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels_by_severity[each.value.severity]
  user_labels           = merge(local.alert_labels, { alert = trimsuffix(each.key, "_ever") })

  dynamic "conditions" {
    for_each = each.value.thresholds
    content {
      display_name = conditions.key
      condition_threshold {
        filter = join(" AND ", compact([
          "metric.type=\"${conditions.value.metric}\"",
          "resource.type=\"${conditions.value.resource}\"",
          conditions.value.where,
        ]))
        comparison      = conditions.value.below == null ? "COMPARISON_GT" : "COMPARISON_LT"
        threshold_value = coalesce(conditions.value.below, conditions.value.above)
        duration        = "${conditions.value.hold_seconds}s"
        aggregations {
          alignment_period     = "${conditions.value.period_seconds}s"
          per_series_aligner   = conditions.value.aligner
          cross_series_reducer = conditions.value.reducer
          group_by_fields      = conditions.value.group_by
        }
      }
    }
  }

  # It sees nothing until a line was written after the policy was made or edited.
  dynamic "conditions" {
    for_each = each.value.absence[*]
    content {
      display_name = "no line for ${conditions.value.seconds / 60} minutes"
      condition_absent {
        filter   = "metric.type=\"${local.log_metric_types[conditions.value.metric]}\" AND resource.type=\"cloud_run_revision\""
        duration = "${conditions.value.seconds}s"
        aggregations {
          alignment_period     = "300s"
          per_series_aligner   = "ALIGN_DELTA"
          cross_series_reducer = "REDUCE_SUM"
        }
      }
    }
  }

  # It needs no line ever, but the whole time anew after an edit: so a deployment that has just been
  # made has as long for its first line as any other for its next.
  dynamic "conditions" {
    for_each = each.value.silence[*]
    content {
      display_name = "no line for ${conditions.value.seconds / 60} minutes, or never one"
      condition_prometheus_query_language {
        query                     = "absent_over_time(${local.promql_names[conditions.value.metric]}{monitored_resource=\"cloud_run_revision\"}[600s])"
        duration                  = "${conditions.value.seconds - 600}s"
        evaluation_interval       = "60s"
        alert_rule                = conditions.value.rule
        disable_metric_validation = true # The metric may not exist before its first line.
      }
    }
  }

  # A point that says 0 is no absence; it is not documented whether Cloud Logging ever writes one.
  dynamic "conditions" {
    for_each = each.value.absence[*]
    content {
      display_name = "0 lines in ${conditions.value.seconds / 60} minutes"
      condition_threshold {
        filter          = "metric.type=\"${local.log_metric_types[conditions.value.metric]}\" AND resource.type=\"cloud_run_revision\""
        comparison      = "COMPARISON_LT"
        threshold_value = 1
        duration        = "0s"
        aggregations {
          alignment_period     = "${conditions.value.seconds}s"
          per_series_aligner   = "ALIGN_DELTA"
          cross_series_reducer = "REDUCE_SUM"
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${each.value.severity}: ${local.alert_subject}: ${each.value.title}"
    content   = file("${local._playbooks}/${each.value.playbook}.md")

    links {
      display_name = "Dashboard"
      url          = local.dashboard_url
    }

    links {
      display_name = "What went wrong, in the log"
      url          = local._log_url
    }
  }

  alert_strategy {
    # An incident without data closes after this time: soon, where lines that are counted have
    # stopped; late, where silence is the trouble.
    auto_close = length(each.value.thresholds) > 0 ? "1800s" : "604800s"

    # Every four hours, until somebody has closed it; 30 minutes to a day are allowed
    # (https://cloud.google.com/monitoring/alerts/policies-in-api).
    dynamic "notification_channel_strategy" {
      for_each = each.value.severity == "CRITICAL" && local._has_channels ? [1] : []
      content {
        notification_channel_names = local._channels
        renotify_interval          = "14400s"
      }
    }
  }

  lifecycle {
    precondition {
      condition = length(setsubtract(
        keys(var.alerting.severities),
        concat(keys(local._alerts), values(local._delivery_alerts)[*].playbook),
      )) == 0
      error_message = "alerting.severities names an alert that does not exist; docs/playbooks/README.md lists them."
    }
  }

  depends_on = [time_sleep.log_metrics]
}
