-- docs.mixpanel.com/docs/data-pipelines/common-sql-queries: events per day in Pacific time, each once.
SELECT
  DATE(time, 'America/Los_Angeles') AS event_date,
  COUNT(DISTINCT CONCAT(event_name, time, distinct_id, insert_id)) AS event_count,
FROM `mixpanel_mixpanel.mp_master_event`
WHERE DATE(time, 'America/Los_Angeles') >= '2025-08-01'
  AND DATE(time, 'America/Los_Angeles') < '2025-09-16'
GROUP BY 1
ORDER BY 1 ASC
