-- Which event days each load of events changed: the UTC days of its own rows, and those of the
-- version it replaced, since a day that lost its rows has changed as well.
-- Versions of an interval may be loaded in any order, and each replaces the one before it by
-- number among those that are loaded. So whoever rebuilds the days of all loads he has not seen
-- yet misses none, whatever the order; to skip those that are not live would.
WITH versions AS (  -- Reads the NULL partition only.
  SELECT
    _mode,
    _interval_start,
    _interval_end,
    _version,
    TIMESTAMP(JSON_VALUE(properties, '$.fetched_at')) AS fetched_at,
    JSON_QUERY(properties, '$.event_dates') AS event_dates,
    LAG(JSON_QUERY(properties, '$.event_dates')) OVER (
      PARTITION BY _mode, _interval_start, _interval_end
      ORDER BY _version
    ) AS replaced_dates
  FROM `${project_id}.${raw_dataset}.events`
  WHERE time IS NULL
),
days AS (
  SELECT
    v.* EXCEPT (event_dates, replaced_dates),
    CAST(JSON_VALUE(day, '$.date') AS DATE) AS event_date,
    CAST(JSON_VALUE(day, '$.rows') AS INT64) AS row_count,
    0 AS replaced_rows
  FROM versions AS v, UNNEST(JSON_QUERY_ARRAY(v.event_dates)) AS day
  UNION ALL
  SELECT
    v.* EXCEPT (event_dates, replaced_dates),
    CAST(JSON_VALUE(day, '$.date') AS DATE) AS event_date,
    0 AS row_count,
    CAST(JSON_VALUE(day, '$.rows') AS INT64) AS replaced_rows
  FROM versions AS v, UNNEST(JSON_QUERY_ARRAY(v.replaced_dates)) AS day
)
SELECT
  CONCAT(  -- As `loads` has it.
    'events',
    IF(_mode = 'recent', '', CONCAT('/', _mode)),
    FORMAT_TIMESTAMP('/date=%Y-%m-%d/%Y%m%dT%H%M%SZ_', _interval_start),
    FORMAT_TIMESTAMP('%Y%m%dT%H%M%SZ/', _interval_end),
    CAST(_version AS STRING),
    '.ndjson.gz'
  ) AS object_name,
  _mode AS mode,
  _interval_start AS interval_start,
  _interval_end AS interval_end,
  _version AS version,
  fetched_at,
  event_date,
  SUM(row_count) AS row_count,
  SUM(replaced_rows) AS replaced_rows
FROM days
GROUP BY _mode, _interval_start, _interval_end, _version, fetched_at, event_date
