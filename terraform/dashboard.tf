# The table of dashboard_charts.tf as a dashboard: each of its rows is one here.

locals {
  # Monitoring's grid has 48 columns; the charts of a row share them.
  _columns    = 48
  _row_height = 16

  _tiles = flatten([
    for row, charts in local._charts : [
      for column, chart in charts : {
        # Google leaves out a 0 and an empty list, and a plan would show them for ever
        # (https://github.com/hashicorp/terraform-provider-google/issues/16173).
        position = { for key, value in {
          xPos = column * floor(local._columns / length(charts))
          yPos = row * local._row_height
        } : key => value if value > 0 }
        width = floor(local._columns / length(charts))
        chart = chart
      }
    ]
  ])

  _set = {
    promql   = null
    resource = "cloud_run_revision"
    where    = null
    aligner  = "ALIGN_DELTA"
    reducer  = "REDUCE_SUM"
    group_by = []
    seconds  = 3600
    plot     = "LINE"
    legend   = null
  }

  dashboard = {
    displayName = local.alert_subject
    labels      = local.alert_labels
    mosaicLayout = {
      columns = local._columns
      tiles = [
        for tile in local._tiles : merge(tile.position, {
          width  = tile.width
          height = local._row_height
          widget = {
            title = tile.chart.title
            xyChart = { for key, value in {
              chartOptions = { mode = "COLOR" }
              yAxis        = { scale = "LINEAR" }
              thresholds   = [for value in try(tile.chart.thresholds, []) : { value = value, targetAxis = "Y1" }]
              dataSets = [
                for set in [for given in tile.chart.sets : merge(local._set, given)] : merge(
                  set.legend == null ? {} : { legendTemplate = set.legend },
                  {
                    plotType   = set.plot
                    targetAxis = "Y1"
                    timeSeriesQuery = { for kind, query in {
                      prometheusQuery = set.promql
                      timeSeriesFilter = set.promql != null ? null : {
                        filter = join(" AND ", compact([
                          "metric.type=\"${set.metric}\"", "resource.type=\"${set.resource}\"", set.where,
                        ]))
                        aggregation = { for key, value in {
                          alignmentPeriod    = "${set.seconds}s"
                          perSeriesAligner   = set.aligner
                          crossSeriesReducer = set.reducer
                          groupByFields      = set.group_by
                        } : key => value if length(value) > 0 }
                      }
                    } : kind => query if query != null }
                  },
                )
              ]
            } : key => value if length(value) > 0 }
          }
        })
      ]
    }
  }

  dashboard_url = "https://console.cloud.google.com/monitoring/dashboards/builder/${basename(google_monitoring_dashboard.this.id)}?project=${var.project_id}"

  _log_url = "https://console.cloud.google.com/logs/query;query=${replace(urlencode(join("\n", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=(${join(" OR ", local._quoted_functions)})",
    "severity>=WARNING",
  ])), "+", "%20")}?project=${var.project_id}"
}

resource "google_monitoring_dashboard" "this" {
  project        = var.project_id
  dashboard_json = jsonencode(local.dashboard)

  # Charts of a metric that does not exist yet say so until it does.
  depends_on = [google_logging_metric.this]
}
