-- One row per top-level property of events: the JSON types of its values, how many events have it,
-- when the first and the last of these happened, and their share of all events.
-- Reads the properties of every event, the most expensive column, each time: for a stretch of event
-- time, put events_between in the place of events, as `mixpanel-export views generate` does.
WITH held AS (  -- One row per event and key, and one of NULL per event: one scan counts both.
  SELECT
    e.time,
    e.properties,
    key,
    -- A key with a quote, a backslash, a control character or a point comes as a JSON string
    -- (EscapeKey in github.com/google/googlesql, googlesql/public/functions/json.cc).
    JSON_VALUE(SAFE.PARSE_JSON(IF(STARTS_WITH(key, '"'), key, NULL))) AS unquoted
  FROM `${project_id}.${dataset}.events` AS e
  CROSS JOIN UNNEST(
    ARRAY_CONCAT([CAST(NULL AS STRING)], IFNULL(JSON_KEYS(e.properties, 1), []))
  ) AS key
),
named AS (
  SELECT
    time,
    IF(properties[unquoted] IS NULL, key, unquoted) AS property,
    JSON_TYPE(IFNULL(properties[unquoted], properties[key])) AS type
  FROM held
),
counted AS (
  SELECT
    property,
    ARRAY_AGG(DISTINCT type IGNORE NULLS ORDER BY type) AS types,
    COUNT(*) AS events,
    MIN(time) AS first_seen,
    MAX(time) AS last_seen
  FROM named
  GROUP BY property
)
SELECT
  property,
  types,
  events,
  first_seen,
  last_seen,
  events / MAX(events) OVER () AS share  -- The row of NULL counts all events.
FROM counted
QUALIFY property IS NOT NULL
