-- The rows of `events` without the copies that a merge of identities between two exports leaves
-- there: an event is a copy of another also if both had the same distinct_id before any merge.
-- Mixpanel rewrites distinct_id when identities merge, and keeps the one that was sent in
-- $distinct_id_before_identity
-- (docs.mixpanel.com/docs/data-structure/property-reference/reserved-properties).
WITH live AS (  -- Reads the NULL partition only: the marker rows.
  SELECT _mode, _interval_start, _interval_end, MAX(_version) AS _version
  FROM `${project_id}.${raw_dataset}.events`
  WHERE time IS NULL
  GROUP BY _mode, _interval_start, _interval_end
),
exported AS (
  SELECT
    e.*,
    -- An empty id is nobody's, and must not make copies of what different people did.
    NULLIF(
      JSON_VALUE(e.properties, '$."$distinct_id_before_identity"'), ''
    ) AS distinct_id_before_identity
  FROM `${project_id}.${raw_dataset}.events` AS e
  JOIN live AS l
    ON e._mode = l._mode
    AND e._interval_start = l._interval_start
    AND e._interval_end = l._interval_end
    AND e._version = l._version
)
SELECT * EXCEPT (_mode, _interval_end, _line)
FROM exported
WHERE time IS NOT NULL
-- No row is dropped but for a newer copy, so the newest of all copies always stays. RANK, because
-- a row that was loaded twice is no newer than itself: two row numbers could drop both.
QUALIFY insert_id IS NULL
  OR (
    ROW_NUMBER() OVER (
      PARTITION BY time, event_name, distinct_id, insert_id
      ORDER BY processing_time DESC, _interval_start DESC, _version DESC, _line DESC
    ) = 1
    AND RANK() OVER (
      PARTITION BY
        time, event_name, COALESCE(distinct_id_before_identity, distinct_id), insert_id
      ORDER BY processing_time DESC, _interval_start DESC, _version DESC, _line DESC
    ) = 1
  )
