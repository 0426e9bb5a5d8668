# The one table of alerts, but for the two of modules/trigger, which alerts_policies.tf gives it, and
# the one of scheduled queries, which is in maintenance.tf. Each row: what has happened, who must know
# (with the reason), the playbook that says what to do, and conditions with their windows from
# alerts_windows.tf.
#
# CRITICAL may wake somebody, so it is only what no retry and no later tick mends. ERROR can wait
# for the morning: it heals when its cause is gone, but somebody should look for the cause. WARNING
# is worth knowing.
#
# Rules of the API (https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies):
# comparisons are > and < only; periods are whole minutes, up to 25 h, an absence up to 23.5 h; a
# filter names metric and resource. Revisions, and labels, make series of their own: all conditions
# reduce across series, or three errors of three revisions would never be three.

locals {
  _alerts = merge(local._maintenance_alerts, {
    budget = {
      title    = "Mixpanel's hourly budget is almost used up"
      severity = "WARNING" # Refused calls wait for the next hour; nothing is lost.
      playbook = "budget"
      thresholds = {
        "more than ${local.budget.warn_above} of ${local.budget.mixpanel_per_hour} export calls within an hour, every attempt" = {
          metric         = local.log_metric_types.mixpanel_responses
          where          = "metric.labels.endpoint=\"/api/2.0/export\""
          period_seconds = 3600
          above          = local.budget.warn_above
        }
        # Pages of people are calls too, but whether Mixpanel counts them is not documented, and a
        # snapshot of a large project has hundreds: so these are the planner's requests.
        "more than ${local.budget.warn_above} of ${local.budget.mixpanel_per_hour} query requests within an hour" = {
          metric         = local.log_metric_types.query_spent
          aligner        = "ALIGN_PERCENTILE_99"
          reducer        = "REDUCE_MAX"
          period_seconds = local.windows.tick_seconds
          above          = local.budget.warn_above
        }
      }
    }

    bugs = {
      title    = "A function met a bug"
      severity = "ERROR" # Redelivered until it is fixed; if that takes long, gaps page.
      playbook = "bugs"
      thresholds = {
        "a line `bug` within 5 minutes" = {
          metric         = local.log_metric_types.failures
          where          = "metric.labels.event=\"bug\""
          period_seconds = 300
          above          = 0
        }
      }
    }

    dead_letters = {
      title    = "Messages were given up on"
      severity = "ERROR" # The planner asks for almost all of them again; replays wait for a person.
      playbook = "dead_letters"
      thresholds = {
        "a dead letter waits, for 5 minutes" = {
          metric         = "pubsub.googleapis.com/subscription/num_undelivered_messages"
          resource       = "pubsub_subscription"
          where          = "resource.labels.subscription_id=\"${local.names.dead_letters}\""
          aligner        = "ALIGN_MAX"
          period_seconds = 60
          hold_seconds   = 300
          above          = 0
        }
      }
    }

    freshness = {
      title    = "Loaded data are late"
      severity = "ERROR" # Whatever the cause, most causes pass; what lasts becomes a gap, which pages.
      playbook = "freshness"
      # The bound is one of the metric's buckets, so that the percentile, which Monitoring
      # interpolates within a bucket, lies above it exactly when a tick saw more.
      thresholds = {
        for series in values(local.series) :
        "${series.table} ${series.mode}: newest loaded interval ended more than ${series.late_after_seconds / 60} min ago" => {
          metric         = local.log_metric_types.freshness_seconds
          where          = "metric.labels.table=\"${series.table}\" AND metric.labels.mode=\"${series.mode}\""
          aligner        = "ALIGN_PERCENTILE_99"
          reducer        = "REDUCE_MAX"
          period_seconds = local.windows.tick_seconds
          above          = series.late_after_seconds
        }
      }
    }

    function_limits = {
      title    = "A function is close to its CPU, memory or time"
      severity = "WARNING" # It still works; if it stops to, that shows as transient failures and gaps.
      playbook = "function_limits"
      thresholds = {
        # A backfill fetches without a pause, and unpacking takes all the CPU there is: only half an
        # hour without a breath is news.
        "CPU above 90 % for 30 minutes" = merge(local._of_functions, {
          metric         = "run.googleapis.com/container/cpu/utilizations"
          period_seconds = 60
          hold_seconds   = 1800
          above          = 0.9
        })
        "memory above 90 % for 5 minutes" = merge(local._of_functions, {
          metric         = "run.googleapis.com/container/memory/utilizations"
          period_seconds = 60
          hold_seconds   = 300
          above          = 0.9
        })
        "a request took more than ${local.windows.latency_ms / 1000} s, 80 % of its time" = merge(local._of_functions, {
          metric         = "run.googleapis.com/request_latencies"
          period_seconds = 300
          above          = local.windows.latency_ms
        })
      }
    }

    gaps = {
      title    = "A gap is older than ${var.alerting.gap_objective_hours} hours"
      severity = "CRITICAL" # Deliveries and healing have had their time; only a person can help.
      playbook = "gaps"
      thresholds = {
        "oldest gap of a series older than ${var.alerting.gap_objective_hours} h" = {
          metric         = local.log_metric_types.gap_seconds
          aligner        = "ALIGN_PERCENTILE_99"
          reducer        = "REDUCE_MAX"
          group_by       = ["metric.label.table", "metric.label.mode"]
          period_seconds = local.windows.tick_seconds
          above          = local.windows.gap_objective_seconds
        }
      }
    }

    load_failures = {
      title    = "Objects cannot be loaded"
      severity = "ERROR" # They are announced again for a day; the objects stay.
      playbook = "load_failures"
      thresholds = {
        "the loader parked a message" = {
          metric         = local.log_metric_types.failures
          where          = "resource.labels.service_name=\"${local.names.loader}\" AND metric.labels.event=\"parked\""
          period_seconds = 300
          above          = 0
        }
        "three failed loads within 30 minutes" = {
          metric         = local.log_metric_types.failures
          where          = "resource.labels.service_name=\"${local.names.loader}\" AND metric.labels.event=\"transient_failure\""
          period_seconds = 1800
          above          = 2
        }
      }
    }

    mixpanel_5xx = {
      title    = "Mixpanel answers 5xx"
      severity = "WARNING" # Tried again for hours; nobody here can mend it.
      playbook = "mixpanel_5xx"
      thresholds = {
        "three or more within 5 minutes, every attempt" = {
          metric         = local.log_metric_types.mixpanel_5xx
          period_seconds = 300
          above          = 2
        }
      }
    }

    not_retrieved = {
      title    = "No \"retrieved: N records\" any more"
      severity = "ERROR" # Also when Mixpanel is down, which passes; what lasts becomes a gap, which pages.
      playbook = "not_retrieved"
      # For intervals of twelve hours and more the absence would be longer than the API allows;
      # freshness says the same of them.
      is_left_out = local.windows.not_retrieved_seconds > local._longest_absence_seconds
      absence = {
        metric  = "retrieved"
        seconds = local.windows.not_retrieved_seconds
        rule    = "NotRetrieved"
      }
    }

    planner_calls = {
      title    = "Calls of the planner fail"
      severity = "ERROR" # Scheduler tries again, and every later tick sees all gaps.
      playbook = "planner_calls"
      thresholds = {
        "three failed calls within ${local.windows.planner_silent_seconds / 60} minutes" = {
          metric         = local.log_metric_types.scheduler_errors
          resource       = "cloud_scheduler_job"
          period_seconds = local.windows.planner_silent_seconds
          above          = 2
        }
      }
    }

    planner_silent = {
      title    = "The planner is silent"
      severity = "CRITICAL" # Nothing is asked for, and nobody else would say that data are missing.
      playbook = "planner_silent"
      absence = {
        metric  = "planned"
        seconds = local.windows.planner_silent_seconds
        rule    = "PlannerSilent"
      }
    }

    project_secret = {
      title    = "A project secret is in use, which ends on 2027-03-03"
      severity = "WARNING" # There is time to make a service account.
      playbook = "project_secret"
      thresholds = {
        "fewer than ${local.project_secret_days.plan} days are left" = {
          metric         = local.log_metric_types.project_secret_days
          aligner        = "ALIGN_PERCENTILE_05"
          reducer        = "REDUCE_MIN"
          period_seconds = 90000 # Only new instances say it; a day without one is unlikely.
          below          = local.project_secret_days.plan
        }
      }
    }

    project_secret_ends = {
      title    = "The project secret in use ends in less than ${local.project_secret_days.act} days"
      severity = "CRITICAL" # No retry helps after that day: everything stops until a person acts.
      playbook = "project_secret"
      thresholds = {
        "fewer than ${local.project_secret_days.act} days are left" = {
          metric         = local.log_metric_types.project_secret_days
          aligner        = "ALIGN_PERCENTILE_05"
          reducer        = "REDUCE_MIN"
          period_seconds = 90000
          below          = local.project_secret_days.act
        }
      }
    }

    rate_limited = {
      title    = "Mixpanel refuses calls: 429"
      severity = "WARNING" # Refused calls are delivered again; a storm wastes budget.
      playbook = "rate_limited"
      thresholds = {
        "more than 5 deliveries refused within an hour" = {
          metric         = local.log_metric_types.failures
          where          = "metric.labels.event=\"rate_limited\""
          period_seconds = 3600
          above          = 5
        }
      }
    }

    rejects = {
      title    = "Lines of an export could not become rows"
      severity = "WARNING" # The other rows are loaded, the lines are kept.
      playbook = "rejects"
      thresholds = {
        "an export with rejects within an hour" = {
          metric         = local.log_metric_types.rejects
          period_seconds = 3600
          above          = 0
        }
      }
    }

    setup_errors = {
      title    = "Something is set up wrongly: credentials, grants or settings"
      severity = "CRITICAL" # Nothing passes until a person corrects it.
      playbook = "setup_errors"
      thresholds = {
        # Grants may need minutes to work after they are made: one or two are no reason to wake
        # somebody, and what lasts comes back at least six times an hour.
        "three setup failures within an hour" = {
          metric         = local.log_metric_types.failures
          where          = "metric.labels.event=\"setup_failure\""
          period_seconds = 3600
          above          = 2
        }
      }
    }

    unloaded = {
      title    = "Objects have landed and are not loaded"
      severity = "ERROR" # They are announced again, after a day fetched again.
      playbook = "unloaded"
      thresholds = {
        "an object waits for more than ${var.export.reload_after_minutes} min, at ${local.windows.unloaded_ticks + 1} ticks within two hours" = {
          metric         = local.log_metric_types.unloaded
          period_seconds = local.windows.unloaded_seconds
          above          = local.windows.unloaded_ticks
        }
      }
    }
  })
}
