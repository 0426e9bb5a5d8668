-- The days of events, UTC, that `events_settled` does not have as `events` has them: new ones, and
-- ones that a load has changed since they were settled. What `events` shows of a day follows from the
-- live loads that have rows of it, so these are compared. Not their versions: a load may be committed
-- after one with a greater version. Reads marker rows and the days that are settled.
WITH live AS (
  SELECT
    touched.event_date,
    TO_HEX(MD5(STRING_AGG(touched.object_name, ',' ORDER BY touched.object_name))) AS loads
  FROM `${project_id}.${dataset}.touched_dates` AS touched
  JOIN `${project_id}.${dataset}.loads` AS ledger
    ON touched.object_name = ledger.object_name
  WHERE ledger.is_live AND touched.row_count > 0
  GROUP BY touched.event_date
)
SELECT
  IFNULL(live.event_date, settled.event_date) AS event_date,
  live.loads,
  settled.settled_at
FROM live
FULL JOIN `${project_id}.${dataset}.settled_dates` AS settled
  ON live.event_date = settled.event_date
WHERE live.loads IS DISTINCT FROM settled.loads
