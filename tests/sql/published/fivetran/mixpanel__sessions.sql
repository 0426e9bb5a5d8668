-- github.com/fivetran/dbt_mixpanel (Apache-2.0), models/mixpanel__sessions.sql at 02bfa60:
-- sessions: events of a user on a day with less than half an hour between them.
WITH event AS (
  SELECT
    source_relation,
    event_type,
    occurred_at,
    unique_event_id,
    people_id,
    date_day,
    device_id,
    COALESCE(device_id, people_id) AS user_id
  FROM (${mixpanel__event})
),
previous_event AS (
  SELECT
    *,
    LAG(occurred_at) OVER (
      PARTITION BY user_id, date_day ORDER BY occurred_at ASC
    ) AS previous_event_at
  FROM event
),
new_sessions AS (
  SELECT
    *,
    CASE
      WHEN DATETIME_DIFF(
        CAST(occurred_at AS DATETIME), CAST(previous_event_at AS DATETIME), MINUTE
      ) > 30 OR previous_event_at IS NULL THEN 1
      ELSE 0
    END AS is_new_session
  FROM previous_event
),
session_numbers AS (
  SELECT
    *,
    SUM(is_new_session) OVER (
      PARTITION BY user_id, date_day
      ORDER BY occurred_at ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS session_number
  FROM new_sessions
),
session_ids AS (
  SELECT
    *,
    MIN(occurred_at) OVER (PARTITION BY user_id, date_day, session_number) AS session_started_at,
    MIN(date_day) OVER (PARTITION BY user_id, date_day, session_number) AS session_started_on_day,
    TO_HEX(MD5(CAST(
      COALESCE(CAST(user_id AS STRING), '_dbt_utils_surrogate_key_null_') || '-'
      || COALESCE(CAST(session_number AS STRING), '_dbt_utils_surrogate_key_null_') || '-'
      || COALESCE(CAST(date_day AS STRING), '_dbt_utils_surrogate_key_null_') || '-'
      || COALESCE(CAST(source_relation AS STRING), '_dbt_utils_surrogate_key_null_')
    AS STRING))) AS session_id,
    COUNT(unique_event_id) OVER (
      PARTITION BY user_id, date_day, session_number
      ORDER BY occurred_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS total_number_of_events
  FROM session_numbers
),
event_types AS (
  SELECT source_relation, session_id, event_type, COUNT(unique_event_id) AS number_of_events
  FROM session_ids
  GROUP BY 1, 2, 3
),
frequencies AS (
  SELECT
    source_relation,
    session_id,
    '{' || STRING_AGG((event_type || ': ' || number_of_events), ', ') || '}' AS event_frequencies
  FROM event_types
  GROUP BY 1, 2
)
SELECT
  s.source_relation,
  s.session_id,
  s.people_id,
  s.session_started_at,
  s.session_started_on_day,
  s.user_id,
  s.device_id,
  s.total_number_of_events,
  f.event_frequencies
FROM session_ids AS s
JOIN frequencies AS f
  ON f.session_id = s.session_id
  AND f.source_relation = s.source_relation
WHERE s.is_new_session = 1
