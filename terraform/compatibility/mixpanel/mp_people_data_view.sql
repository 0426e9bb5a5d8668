-- Profiles in the view that Mixpanel's own JSON pipeline renews with each export, one row each
-- (docs.mixpanel.com/docs/data-pipelines/json-pipelines).
-- Reads people.
SELECT distinct_id, properties
FROM `${project_id}.${dataset}.people`
