-- Events in the table that Mixpanel's own JSON pipeline writes, with its seven columns
-- (docs.mixpanel.com/docs/data-pipelines/json-pipelines). Each event is there once, with the id
-- that it was sent with, as there, and not the one that an identity merge has made of it since:
-- that one is in mp_identity_mappings_data_view.
-- Reads events_stable. A predicate on time takes the place of one on _PARTITIONTIME, which a view
-- cannot have.
SELECT
  device_id,
  IFNULL(distinct_id_before_identity, distinct_id) AS distinct_id,
  event_name,
  insert_id,
  properties,
  time,
  user_id
FROM `${project_id}.${dataset}.events_stable`
