-- docs.mixpanel.com/docs/data-pipelines/common-sql-queries: events that are there more than once.
SELECT
  *,
  COUNT(*) OVER (PARTITION BY event_name, time, distinct_id, insert_id) AS dup_group_size
FROM `mixpanel_mixpanel.mp_master_event`
WHERE DATE(time, 'America/Los_Angeles') >= '2025-08-01'
  AND DATE(time, 'America/Los_Angeles') < '2025-09-16'
QUALIFY dup_group_size > 1
ORDER BY DATE(time, 'America/Los_Angeles'), event_name, time
