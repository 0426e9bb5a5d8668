-- Deletes the rows of superseded versions of events, one partition at a time. Superseded is a version
-- whose interval has a newer one, which is then the live one; it is collected when that was requested
-- at least ${collect_after_days} days ago. No view shows such rows. Marker rows stay, as the ledger tells
-- of every version; so `collected_dates` remembers what is done. A run that dies leaves whole days, and
-- the next one goes on. Reads the marker rows, and rewrites each partition that has superseded rows.
-- A version whose marker row does not say its days keeps its rows.
INSERT INTO `${project_id}.${raw_dataset}.collected_dates` (
  event_date, _mode, _interval_start, _interval_end, _version, row_count
)
WITH markers AS (
  SELECT
    _mode,
    _interval_start,
    _interval_end,
    _version,
    properties,
    MAX(_version) OVER (PARTITION BY _mode, _interval_start, _interval_end) AS live_version
  FROM `${project_id}.${raw_dataset}.events`
  WHERE time IS NULL
),
superseded AS (
  SELECT
    DATE(JSON_VALUE(had, '$.date')) AS event_date,
    marker._mode,
    marker._interval_start,
    marker._interval_end,
    marker._version,
    CAST(JSON_VALUE(had, '$.rows') AS INT64) AS row_count
  FROM markers AS marker
  CROSS JOIN UNNEST(JSON_QUERY_ARRAY(marker.properties, '$.event_dates')) AS had
  WHERE marker._version < marker.live_version
    AND TIMESTAMP_MICROS(marker.live_version)
      <= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL ${collect_after_days} DAY)
)
SELECT
  superseded.event_date,
  superseded._mode,
  superseded._interval_start,
  superseded._interval_end,
  superseded._version,
  superseded.row_count
FROM superseded
LEFT JOIN `${project_id}.${raw_dataset}.collected_dates` AS known
  ON superseded.event_date = known.event_date
  AND superseded._mode = known._mode
  AND superseded._interval_start = known._interval_start
  AND superseded._interval_end = known._interval_end
  AND superseded._version = known._version
WHERE known.event_date IS NULL;

FOR day IN (
  SELECT DISTINCT event_date
  FROM `${project_id}.${raw_dataset}.collected_dates`
  WHERE collected_at IS NULL
  ORDER BY event_date
) DO
  BEGIN TRANSACTION;

  UPDATE `${project_id}.${raw_dataset}.collected_dates`
  SET collected_at = CURRENT_TIMESTAMP()
  WHERE event_date = day.event_date AND collected_at IS NULL;

  DELETE FROM `${project_id}.${raw_dataset}.events` AS event
  WHERE event.time >= TIMESTAMP(day.event_date)
    AND event.time < TIMESTAMP(DATE_ADD(day.event_date, INTERVAL 1 DAY))
    AND EXISTS (
      SELECT 1
      FROM `${project_id}.${raw_dataset}.collected_dates` AS dead
      WHERE dead.event_date = day.event_date
        AND dead._mode = event._mode
        AND dead._interval_start = event._interval_start
        AND dead._interval_end = event._interval_end
        AND dead._version = event._version
    );

  COMMIT TRANSACTION;
END FOR;
