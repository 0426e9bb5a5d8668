-- Ids and what they resolve to, in the view that Mixpanel's own JSON pipeline renews with each
-- export (docs.mixpanel.com/docs/data-pipelines/json-pipelines). Mixpanel lets nobody read its own
-- mappings, so these are derived from events.
-- Reads identity.
SELECT distinct_id, resolved_id AS resolved_distinct_id
FROM `${project_id}.${dataset}.identity`
