-- Every version of every profile, and from when until when it was what Mixpanel showed:
-- [valid_from, valid_to), of the current one without end. The moments are those of fetches,
-- `as_of`; what changed twice between two fetches is not seen. What several fetches in a row
-- showed alike is one version. A profile that a snapshot no longer holds is deleted from that
-- snapshot on: a tombstone, which has no properties. Reads every row that is kept.
-- Rows expire by the day of as_of, so history begins with the oldest row that is kept. A snapshot
-- whose rows have expired deletes nothing: what was seen before it has expired no later.
WITH fetches AS (  -- Reads the NULL partition only: the marker rows.
  SELECT
    _mode, _interval_start, _interval_end, _version,
    TIMESTAMP(JSON_VALUE(properties, '$.as_of')) AS moment
  FROM `${project_id}.${raw_dataset}.people`
  WHERE as_of IS NULL
),
ordered AS (  -- Of one moment, a snapshot comes before changes, and a newer version last.
  SELECT
    *,
    ROW_NUMBER() OVER (
      ORDER BY moment, _mode DESC, _version, _interval_start, _interval_end
    ) AS position
  FROM fetches
),
followed AS (  -- Each fetch, and the snapshot that is next after it.
  SELECT
    *,
    MIN(IF(_mode = 'snapshot', position, NULL)) OVER later AS snapshot_position,
    MIN(IF(_mode = 'snapshot', moment, NULL)) OVER later AS snapshot_moment
  FROM ordered
  WINDOW later AS (ORDER BY position ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
),
observations AS (  -- Of a profile that is twice in one fetch, the last.
  SELECT
    p.distinct_id, p.last_seen, p.properties, p.as_of,
    f.position, f.snapshot_position, f.snapshot_moment
  FROM `${project_id}.${raw_dataset}.people` AS p
  JOIN followed AS f
    ON p._mode = f._mode
    AND p._interval_start = f._interval_start
    AND p._interval_end = f._interval_end
    AND p._version = f._version
  WHERE p.as_of IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY p.distinct_id, f.position ORDER BY p._line DESC) = 1
),
seen AS (
  SELECT
    *,
    LEAD(position) OVER (PARTITION BY distinct_id ORDER BY position) AS next_position
  FROM observations
),
states AS (  -- Each observation, and a tombstone behind it if the next snapshot lacks the profile.
  SELECT
    s.distinct_id,
    IF(is_deleted, NULL, s.last_seen) AS last_seen,
    IF(is_deleted, NULL, s.properties) AS properties,
    IF(is_deleted, s.snapshot_moment, s.as_of) AS valid_from,
    IF(is_deleted, s.snapshot_position, s.position) AS position,
    is_deleted
  FROM seen AS s
  CROSS JOIN UNNEST([FALSE, TRUE]) AS is_deleted
  WHERE NOT is_deleted
    OR s.snapshot_position < IFNULL(s.next_position, s.snapshot_position + 1)
),
versions AS (  -- The first of equal states in a row. The fetcher writes equal JSON as equal text.
  SELECT *
  FROM states
  WHERE TRUE
  QUALIFY is_deleted IS DISTINCT FROM LAG(is_deleted) OVER earlier
    OR last_seen IS DISTINCT FROM LAG(last_seen) OVER earlier
    OR TO_JSON_STRING(properties) IS DISTINCT FROM
      LAG(TO_JSON_STRING(properties)) OVER earlier
  WINDOW earlier AS (PARTITION BY distinct_id ORDER BY position)
)
SELECT
  distinct_id,
  last_seen,
  properties,
  valid_from,
  LEAD(valid_from) OVER (PARTITION BY distinct_id ORDER BY position) AS valid_to,
  is_deleted
FROM versions
