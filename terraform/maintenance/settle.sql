-- Writes into `events_settled` each day of events that ended at least seven days ago and is not there as
-- `events` has it; the same day at most once a week, as the daily sweep may change many. A day is one
-- transaction: a run that dies leaves whole days, and the next one goes on. What is noted of a day are
-- the loads of the moment before it was read, so a load that is committed meanwhile makes the day
-- unsettled again. Reads and writes one partition for each day.
--
-- First a row for each day that is due, for its transaction to change: only transactions that change the
-- same table exclude one another (cloud.google.com/bigquery/docs/transactions#transaction_concurrency),
-- and of two runs that both delete nothing and insert, both would be committed.
INSERT INTO `${project_id}.${dataset}.settled_dates` (event_date)
SELECT due.event_date
FROM `${project_id}.${dataset}.unsettled_dates` AS due
LEFT JOIN `${project_id}.${dataset}.settled_dates` AS known
  ON due.event_date = known.event_date
WHERE known.event_date IS NULL
  AND due.event_date < DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY);

FOR day IN (
  SELECT DISTINCT due.event_date, due.loads
  FROM `${project_id}.${dataset}.unsettled_dates` AS due
  JOIN `${project_id}.${dataset}.settled_dates` AS known
    ON due.event_date = known.event_date
  WHERE due.event_date < DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY)
    -- An hour less than a week, as no run begins at the second at which the last one did.
    AND IFNULL(due.settled_at < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 167 HOUR), TRUE)
  ORDER BY due.event_date DESC
) DO
  BEGIN TRANSACTION;

  UPDATE `${project_id}.${dataset}.settled_dates`
  SET loads = day.loads, settled_at = CURRENT_TIMESTAMP()
  WHERE event_date = day.event_date;

  DELETE FROM `${project_id}.${dataset}.events_settled`
  WHERE time >= TIMESTAMP(day.event_date)
    AND time < TIMESTAMP(DATE_ADD(day.event_date, INTERVAL 1 DAY));

  INSERT INTO `${project_id}.${dataset}.events_settled` (
    time, event_name, distinct_id, device_id, user_id, insert_id, processing_time, properties,
    _interval_start, _version
  )
  SELECT
    time, event_name, distinct_id, device_id, user_id, insert_id, processing_time, properties,
    _interval_start, _version
  FROM `${project_id}.${dataset}.events_between`(
    TIMESTAMP(day.event_date), TIMESTAMP(DATE_ADD(day.event_date, INTERVAL 1 DAY))
  );

  COMMIT TRANSACTION;
END FOR;
