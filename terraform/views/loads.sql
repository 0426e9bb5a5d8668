-- The ledger: one row for each version of each interval that was loaded, from its marker row.
-- An interval belongs to a table and a mode; what a table's fetches do not tell is NULL.
WITH markers AS (  -- Reads the NULL partitions only.
  SELECT 'events' AS table_name, _mode, _interval_start, _interval_end, _version, properties
  FROM `${project_id}.${raw_dataset}.events`
  WHERE time IS NULL
  UNION ALL
  SELECT 'people' AS table_name, _mode, _interval_start, _interval_end, _version, properties
  FROM `${project_id}.${raw_dataset}.people`
  WHERE as_of IS NULL
)
SELECT
  table_name,
  _mode AS mode,
  _interval_start AS interval_start,
  _interval_end AS interval_end,
  _version AS version,
  TIMESTAMP_MICROS(_version) AS requested_at,
  JSON_VALUE(properties, '$.origin') AS origin,
  TIMESTAMP(JSON_VALUE(properties, '$.fetched_at')) AS fetched_at,
  CAST(JSON_VALUE(properties, '$.seconds') AS FLOAT64) AS seconds,
  CAST(JSON_VALUE(properties, '$.row_count') AS INT64) AS row_count,
  CAST(JSON_VALUE(properties, '$.rejected') AS INT64) AS rejected,
  CAST(JSON_VALUE(properties, '$.outside') AS INT64) AS outside,
  CAST(JSON_VALUE(properties, '$.converted') AS INT64) AS converted,
  CAST(JSON_VALUE(properties, '$.late_rows') AS INT64) AS late_rows,
  TIMESTAMP(JSON_VALUE(properties, '$.min_time')) AS min_time,
  TIMESTAMP(JSON_VALUE(properties, '$.max_time')) AS max_time,
  TIMESTAMP(JSON_VALUE(properties, '$.as_of')) AS as_of,
  JSON_VALUE(properties, '$.digest') AS digest,
  _version = MAX(_version) OVER (
    PARTITION BY table_name, _mode, _interval_start, _interval_end
  ) AS is_live,
  -- The name that the version landed under.
  CONCAT(
    table_name,
    IF(table_name = 'events' AND _mode = 'recent', '', CONCAT('/', _mode)),
    FORMAT_TIMESTAMP('/date=%Y-%m-%d/%Y%m%dT%H%M%SZ_', _interval_start),
    FORMAT_TIMESTAMP('%Y%m%dT%H%M%SZ/', _interval_end),
    CAST(_version AS STRING),
    '.ndjson.gz'
  ) AS object_name
FROM markers
