-- docs.mixpanel.com/docs/data-pipelines/common-sql-queries: the twenty most frequent events.
SELECT
  event_name,
  COUNT(*) AS event_count
FROM `mixpanel_mixpanel.mp_master_event`
WHERE DATE(time, 'America/Los_Angeles') >= '2025-08-01'
  AND DATE(time, 'America/Los_Angeles') < '2025-09-16'
GROUP BY 1
ORDER BY 2 DESC
LIMIT 20
