-- The rows of `events` that happened in [lo, hi): from lo, inclusive, to hi, exclusive, in UTC.
-- The bounds filter before copies are looked for, so with constant bounds no more is read than the
-- partitions of their days, and the marker rows. Copies have equal times: none is lost sight of.
WITH live AS (  -- Reads the NULL partition only: the marker rows.
  SELECT _mode, _interval_start, _interval_end, MAX(_version) AS _version
  FROM `${project_id}.${raw_dataset}.events`
  WHERE time IS NULL
  GROUP BY _mode, _interval_start, _interval_end
)
SELECT e.* EXCEPT (_mode, _interval_end, _line)
FROM `${project_id}.${raw_dataset}.events` AS e
JOIN live AS l
  ON e._mode = l._mode
  AND e._interval_start = l._interval_start
  AND e._interval_end = l._interval_end
  AND e._version = l._version
WHERE e.time >= lo AND e.time < hi
QUALIFY e.insert_id IS NULL
  OR ROW_NUMBER() OVER (
    PARTITION BY e.time, e.event_name, e.distinct_id, e.insert_id
    ORDER BY e.processing_time DESC, e._interval_start DESC, e._version DESC, e._line DESC
  ) = 1
