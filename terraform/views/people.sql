-- One row per profile: the newest snapshot, and what was fetched as a change since.
-- A fetch shows profiles as of its own moment, `as_of`, whatever its interval and version. So that
-- moment alone decides: a replay of an old interval brings the newest state, and what is loaded
-- late does not override what was fetched after it. A deleted profile disappears with the next
-- snapshot. Without any snapshot, all changes are shown. Reads every row that is kept.
WITH fetches AS (  -- Reads the NULL partition only: the marker rows.
  SELECT
    _mode, _interval_start, _interval_end, _version,
    TIMESTAMP(JSON_VALUE(properties, '$.as_of')) AS moment
  FROM `${project_id}.${raw_dataset}.people`
  WHERE as_of IS NULL
),
used AS (  -- Those that no snapshot follows. Of one moment, a snapshot comes before changes.
  SELECT *
  FROM fetches
  WHERE TRUE
  QUALIFY COUNT(IF(_mode = 'snapshot', _version, NULL)) OVER (
    ORDER BY moment, _mode DESC, _version, _interval_start, _interval_end
    ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
  ) = 0
)
SELECT p.distinct_id, p.last_seen, p.properties, p.as_of
FROM `${project_id}.${raw_dataset}.people` AS p
JOIN used AS u
  ON p._mode = u._mode
  AND p._interval_start = u._interval_start
  AND p._interval_end = u._interval_end
  AND p._version = u._version
WHERE p.as_of IS NOT NULL
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY p.distinct_id
  ORDER BY
    p.as_of DESC, p._mode, p._version DESC, p._interval_start DESC, p._interval_end DESC,
    p._line DESC
) = 1
