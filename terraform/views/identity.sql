-- Which ids are one person: each `distinct_id` that is linked with another, and the id that all of
-- them resolve to, itself among them. What has no row is linked with nothing. Ids are linked as
-- docs.mixpanel.com/docs/tracking-methods/id-management and the reference of the three identity
-- events say (docs.mixpanel.com/reference/create-identity, identity-create-alias, identity-merge):
-- * $device_id of an event: `$device:<device>` belongs to whom Mixpanel resolved it to, which an
--   event without $user_id shows; if none does, to the first $user_id seen on it.
-- * $identify: the anonymous id belongs to the first user it was identified as.
-- * $create_alias: the alias belongs to the first id that it was made for.
-- * $merge: both ids are one.
-- * All three: what `$distinct_id_before_identity` holds has become the `distinct_id`.
-- One of the three that failed links nothing, and neither does an id that stands for nobody.
-- Of one person's ids a user's comes before others, and these before aliases and anonymous ones;
-- then the one linked first, by processing time; then the alphabet. Other people's events do not
-- matter. Reads event_name, distinct_id, device_id, user_id and processing_time of all events, and
-- the properties of the three, which clustering finds: hence the raw table, in its live versions.
WITH live AS (  -- Reads the NULL partition only, the marker rows; once for each of two scans.
  SELECT _mode, _interval_start, _interval_end, MAX(_version) AS _version
  FROM `${project_id}.${raw_dataset}.events`
  WHERE time IS NULL
  GROUP BY _mode, _interval_start, _interval_end
),
identity_events AS (
  SELECT
    e.event_name,
    -- An export shows what `distinct_id` has become, and beside it what was sent.
    IFNULL(
      JSON_VALUE(e.properties, '$."$distinct_id_before_identity"'), e.distinct_id
    ) AS sent_id,
    e.distinct_id,
    e.device_id,
    -- By its documented name, and by the one that github.com/mixpanel/mixpanel-js gives it.
    IFNULL(
      JSON_VALUE(e.properties, '$."$anon_id"'), JSON_VALUE(e.properties, '$."$anon_distinct_id"')
    ) AS anonymous_id,
    e.processing_time,
    e.properties
  FROM `${project_id}.${raw_dataset}.events` AS e
  JOIN live AS l
    ON e._mode = l._mode
    AND e._interval_start = l._interval_start
    AND e._interval_end = l._interval_end
    AND e._version = l._version
  WHERE e.event_name IN ('$identify', '$create_alias', '$merge')
    AND JSON_VALUE(e.properties, '$."$failure_reason"') IS NULL
    AND JSON_VALUE(e.properties, '$."$identity_failure_reason"') IS NULL
),
statements AS (  -- That `id` is the same person as `other`.
  SELECT
    IF(e.user_id IS NULL, 'resolved', 'anonymous') AS kind,
    CONCAT('$device:', e.device_id) AS id,
    IFNULL(e.user_id, e.distinct_id) AS other,
    e.processing_time
  FROM `${project_id}.${raw_dataset}.events` AS e
  JOIN live AS l
    ON e._mode = l._mode
    AND e._interval_start = l._interval_start
    AND e._interval_end = l._interval_end
    AND e._version = l._version
  WHERE e.event_name NOT IN ('$identify', '$create_alias', '$merge')
    -- Where it is still a device, of two that are one person's either may stand for the other.
    AND (
      e.user_id IS NOT NULL
      OR (e.distinct_id != e.device_id AND NOT STARTS_WITH(e.distinct_id, '$device:'))
    )
  UNION ALL
  SELECT statement.kind, statement.id, statement.other, e.processing_time
  FROM identity_events AS e
  CROSS JOIN UNNEST([
    STRUCT(
      CASE e.event_name
        WHEN '$identify' THEN 'anonymous'
        WHEN '$create_alias' THEN 'alias'
        ELSE 'merged'
      END AS kind,
      CASE
        WHEN e.event_name = '$create_alias' THEN JSON_VALUE(e.properties, '$.alias')
        WHEN e.event_name = '$merge' THEN JSON_VALUE(e.properties, '$."$distinct_ids"[0]')
        -- Libraries name here who used the device before: without reset() another user.
        WHEN e.device_id IS NULL
          OR e.anonymous_id IN (e.device_id, CONCAT('$device:', e.device_id))
          THEN e.anonymous_id
      END AS id,
      CASE e.event_name
        WHEN '$identify' THEN IFNULL(JSON_VALUE(e.properties, '$."$identified_id"'), e.sent_id)
        WHEN '$create_alias' THEN e.sent_id
        ELSE JSON_VALUE(e.properties, '$."$distinct_ids"[1]')
      END AS other
    ),
    STRUCT('merged' AS kind, e.sent_id AS id, e.distinct_id AS other)
  ]) AS statement
),
links AS (
  SELECT kind, id, other, UNIX_MICROS(MIN(processing_time)) AS first_seen
  FROM statements
  WHERE id != other
    -- An id that stands for nobody would make one person of everybody: none at all, JSON that is
    -- not text, and what Mixpanel refuses (docs.mixpanel.com/reference/import-events).
    AND NOT EXISTS (
      SELECT 1
      FROM UNNEST([id, other]) AS each_id
      WHERE REGEXP_CONTAINS(each_id, r'^(\$device:)?[\s\x22\x27]*(\[|\{\x22)')
        OR LOWER(REGEXP_REPLACE(each_id, r'^(\$device:)?[\s\x22\x27]*|[\s\x22\x27]+$', '')) IN (
          '', '-1', '0', '00000000-0000-0000-0000-000000000000', '<nil>', 'anon', 'anonymous',
          'false', 'n/a', 'na', 'nil', 'none', 'null', 'true', 'undefined', 'unknown', '{}'
        )
    )
  GROUP BY kind, id, other
),
first_links AS (
  SELECT kind, id, other, first_seen
  FROM links
  QUALIFY kind = 'merged'
    OR ROW_NUMBER() OVER (
      PARTITION BY IF(kind = 'resolved', 'anonymous', kind), id
      ORDER BY IF(kind = 'resolved', 0, 1), first_seen, other
    ) = 1
),
ends AS (  -- Each link from both ends.
  SELECT
    IF(is_id, id, other) AS id,
    LEAST(id, other) AS lesser,
    GREATEST(id, other) AS greater,
    -- Text that sorts as ids are preferred, followed by the id: a digit, and 16 of microseconds.
    CONCAT(
      CASE
        WHEN kind = 'merged' THEN '1'
        WHEN is_id THEN '2'
        WHEN kind IN ('alias', 'resolved') THEN '1'
        ELSE '0'
      END,
      LPAD(CAST(first_seen AS STRING), 16, '0')
    ) AS preference
  FROM first_links
  CROSS JOIN UNNEST([TRUE, FALSE]) AS is_id
),
labels AS (
  SELECT lesser, greater, CONCAT(MIN(preference) OVER (PARTITION BY id), id) AS label
  FROM ends
),
-- Everything linked is found by stars (research.google/pubs/pub43122): `child` is linked with
-- `parent`, which sorts before it. In turn each child and all its other parents come under its
-- least parent, and all children of a parent come under that one's least parent. A turn of both
-- makes no more rows, and halves a chain. So nine of them are enough for one of 512 ids; Mixpanel
-- links at most 500, except devices with their user, which is one step.
far_0 AS (
  SELECT MAX(label) AS child, MIN(label) AS parent
  FROM labels
  GROUP BY lesser, greater
),
near_1 AS (
  SELECT IF(parent > least, parent, child) AS child, least AS parent
  FROM (SELECT child, parent, MIN(parent) OVER (PARTITION BY child) AS least FROM far_0)
),
far_1 AS (
  SELECT child, IFNULL(least, parent) AS parent
  FROM (
    SELECT
      child,
      parent,
      is_child,
      MIN(IF(is_child, parent, NULL)) OVER (PARTITION BY IF(is_child, child, parent)) AS least
    FROM near_1
    CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
  )
  WHERE NOT is_child
),
near_2 AS (
  SELECT IF(parent > least, parent, child) AS child, least AS parent
  FROM (SELECT child, parent, MIN(parent) OVER (PARTITION BY child) AS least FROM far_1)
),
far_2 AS (
  SELECT child, IFNULL(least, parent) AS parent
  FROM (
    SELECT
      child,
      parent,
      is_child,
      MIN(IF(is_child, parent, NULL)) OVER (PARTITION BY IF(is_child, child, parent)) AS least
    FROM near_2
    CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
  )
  WHERE NOT is_child
),
near_3 AS (
  SELECT IF(parent > least, parent, child) AS child, least AS parent
  FROM (SELECT child, parent, MIN(parent) OVER (PARTITION BY child) AS least FROM far_2)
),
far_3 AS (
  SELECT child, IFNULL(least, parent) AS parent
  FROM (
    SELECT
      child,
      parent,
      is_child,
      MIN(IF(is_child, parent, NULL)) OVER (PARTITION BY IF(is_child, child, parent)) AS least
    FROM near_3
    CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
  )
  WHERE NOT is_child
),
near_4 AS (
  SELECT IF(parent > least, parent, child) AS child, least AS parent
  FROM (SELECT child, parent, MIN(parent) OVER (PARTITION BY child) AS least FROM far_3)
),
far_4 AS (
  SELECT child, IFNULL(least, parent) AS parent
  FROM (
    SELECT
      child,
      parent,
      is_child,
      MIN(IF(is_child, parent, NULL)) OVER (PARTITION BY IF(is_child, child, parent)) AS least
    FROM near_4
    CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
  )
  WHERE NOT is_child
),
near_5 AS (
  SELECT IF(parent > least, parent, child) AS child, least AS parent
  FROM (SELECT child, parent, MIN(parent) OVER (PARTITION BY child) AS least FROM far_4)
),
far_5 AS (
  SELECT child, IFNULL(least, parent) AS parent
  FROM (
    SELECT
      child,
      parent,
      is_child,
      MIN(IF(is_child, parent, NULL)) OVER (PARTITION BY IF(is_child, child, parent)) AS least
    FROM near_5
    CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
  )
  WHERE NOT is_child
),
near_6 AS (
  SELECT IF(parent > least, parent, child) AS child, least AS parent
  FROM (SELECT child, parent, MIN(parent) OVER (PARTITION BY child) AS least FROM far_5)
),
far_6 AS (
  SELECT child, IFNULL(least, parent) AS parent
  FROM (
    SELECT
      child,
      parent,
      is_child,
      MIN(IF(is_child, parent, NULL)) OVER (PARTITION BY IF(is_child, child, parent)) AS least
    FROM near_6
    CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
  )
  WHERE NOT is_child
),
near_7 AS (
  SELECT IF(parent > least, parent, child) AS child, least AS parent
  FROM (SELECT child, parent, MIN(parent) OVER (PARTITION BY child) AS least FROM far_6)
),
far_7 AS (
  SELECT child, IFNULL(least, parent) AS parent
  FROM (
    SELECT
      child,
      parent,
      is_child,
      MIN(IF(is_child, parent, NULL)) OVER (PARTITION BY IF(is_child, child, parent)) AS least
    FROM near_7
    CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
  )
  WHERE NOT is_child
),
near_8 AS (
  SELECT IF(parent > least, parent, child) AS child, least AS parent
  FROM (SELECT child, parent, MIN(parent) OVER (PARTITION BY child) AS least FROM far_7)
),
far_8 AS (
  SELECT child, IFNULL(least, parent) AS parent
  FROM (
    SELECT
      child,
      parent,
      is_child,
      MIN(IF(is_child, parent, NULL)) OVER (PARTITION BY IF(is_child, child, parent)) AS least
    FROM near_8
    CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
  )
  WHERE NOT is_child
),
near_9 AS (
  SELECT IF(parent > least, parent, child) AS child, least AS parent
  FROM (SELECT child, parent, MIN(parent) OVER (PARTITION BY child) AS least FROM far_8)
),
far_9 AS (
  SELECT child, IFNULL(least, parent) AS parent
  FROM (
    SELECT
      child,
      parent,
      is_child,
      MIN(IF(is_child, parent, NULL)) OVER (PARTITION BY IF(is_child, child, parent)) AS least
    FROM near_9
    CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
  )
  WHERE NOT is_child
)
SELECT
  SUBSTR(label, 18) AS distinct_id,
  IF(
    MIN(parent) = MAX(parent),
    SUBSTR(MIN(parent), 18),
    ERROR('A chain of more than 512 linked ids: its ends would count as two people')
  ) AS resolved_id
FROM (
  SELECT IF(is_child, child, parent) AS label, parent
  FROM far_9
  CROSS JOIN UNNEST([TRUE, FALSE]) AS is_child
)
GROUP BY label
