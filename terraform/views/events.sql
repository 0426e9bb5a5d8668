-- One row per event: the newest version of each interval, and of several copies of an event the
-- one Mixpanel processed last. An event without insert_id is never taken for a copy
-- (docs.mixpanel.com/docs/data-structure/event-deduplication).
WITH live AS (  -- Reads the NULL partition only: the marker rows.
  -- By mode as well: a recent interval of 24 hours has the bounds of a sweep, but other events.
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
WHERE e.time IS NOT NULL
QUALIFY e.insert_id IS NULL
  OR ROW_NUMBER() OVER (
    PARTITION BY e.time, e.event_name, e.distinct_id, e.insert_id
    ORDER BY e.processing_time DESC, e._interval_start DESC, e._version DESC, e._line DESC
  ) = 1
