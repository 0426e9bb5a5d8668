-- docs.mixpanel.com/docs/data-pipelines/common-sql-queries: unique users per day, resolved.
SELECT
  DATE(time, 'America/Los_Angeles') AS event_date,
  COUNT(DISTINCT resolved_user_id) AS unique_users
FROM (
  SELECT
    time,
    IFNULL(id_mappings.resolved_distinct_id, events.distinct_id) AS resolved_user_id
  FROM `mixpanel_mixpanel.mp_master_event` AS events
  LEFT JOIN `mixpanel_mixpanel.mp_identity_mappings_data_view` AS id_mappings
    ON events.distinct_id = id_mappings.distinct_id
  WHERE DATE(time, 'America/Los_Angeles') >= '2025-08-01'
    AND DATE(time, 'America/Los_Angeles') < '2025-09-16'
)
GROUP BY 1
ORDER BY 1 ASC
