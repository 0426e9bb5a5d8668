-- docs.mixpanel.com/docs/data-pipelines/integrations/bigquery: events per day of the pipeline.
SELECT
  _PARTITIONTIME AS pt,
  COUNT(*)
FROM `mixpanel_mixpanel.mp_master_event`
WHERE DATE(_PARTITIONTIME) <= "2024-05-31"
  AND DATE(_PARTITIONTIME) >= "2024-05-01"
GROUP BY pt
