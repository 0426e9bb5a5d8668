-- docs.mixpanel.com/docs/data-pipelines/common-sql-queries: the properties of one kind of event.
SELECT
  event_name,
  KEY AS property_key,
FROM `mixpanel_mixpanel.mp_master_event`
CROSS JOIN UNNEST(JSON_KEYS(properties)) AS KEY
WHERE event_name = 'Page View'
GROUP BY 1, 2
ORDER BY 2 ASC
