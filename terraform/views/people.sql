-- One row per profile: the newest snapshot, and what was fetched as a change since.
-- Profiles are always those of the moment of their fetch, `as_of`, whatever their interval. So
-- that moment decides, not the interval: a replay of an old interval brings the newest state,
-- and changes that are loaded late do not override a snapshot fetched after them. A deleted
-- profile disappears with the next snapshot. Without any snapshot, all changes are shown.
WITH live AS (  -- The newest version of each interval in each mode, from the marker rows.
  SELECT
    _mode,
    _interval_start,
    _interval_end,
    _version,
    TIMESTAMP(JSON_VALUE(properties, '$.as_of')) AS as_of
  FROM `${project_id}.${raw_dataset}.people`
  WHERE distinct_id IS NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY _mode, _interval_start, _interval_end
    ORDER BY _version DESC
  ) = 1
),
base AS (
  SELECT *
  FROM live
  WHERE _mode = 'snapshot'
  QUALIFY ROW_NUMBER() OVER (
    ORDER BY as_of DESC, _version DESC, _interval_start DESC, _interval_end DESC
  ) = 1
),
used AS (
  SELECT * FROM base
  UNION ALL
  SELECT *
  FROM live
  WHERE _mode = 'changes' AND as_of >= IFNULL((SELECT as_of FROM base), as_of)
)
SELECT p.distinct_id, p.last_seen, p.properties, u.as_of
FROM `${project_id}.${raw_dataset}.people` AS p
JOIN used AS u
  ON p._mode = u._mode
  AND p._interval_start = u._interval_start
  AND p._interval_end = u._interval_end
  AND p._version = u._version
WHERE p.distinct_id IS NOT NULL
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY p.distinct_id
  ORDER BY u.as_of DESC, p._version DESC, p._line DESC
) = 1
