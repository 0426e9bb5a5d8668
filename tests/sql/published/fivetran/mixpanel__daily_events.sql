-- github.com/fivetran/dbt_mixpanel (Apache-2.0), models/mixpanel__daily_events.sql at 02bfa60:
-- users of each kind of event, day by day; its spine of days is here a range of them.
WITH event AS (
  ${mixpanel__event}
),
first_events AS (
  SELECT source_relation, people_id, event_type, MIN(date_day) AS first_event_day
  FROM event
  GROUP BY 1, 2, 3
),
date_spine AS (
  SELECT
    f.source_relation,
    date_day,
    f.people_id,
    f.event_type,
    CASE WHEN date_day = f.first_event_day THEN 1 ELSE 0 END AS is_first_event_day
  FROM first_events AS f
  CROSS JOIN UNNEST(GENERATE_DATE_ARRAY(DATE '2025-07-31', DATE '2025-09-15')) AS date_day
  WHERE date_day >= f.first_event_day
),
user_days AS (
  SELECT source_relation, date_day, people_id, event_type, COUNT(unique_event_id) AS number_of_events
  FROM event
  GROUP BY 1, 2, 3, 4
),
spine_joined AS (
  SELECT s.*, COALESCE(u.number_of_events, 0) AS number_of_events
  FROM date_spine AS s
  LEFT JOIN user_days AS u
    ON u.date_day = s.date_day
    AND u.people_id = s.people_id
    AND u.event_type = s.event_type
    AND s.source_relation = u.source_relation
),
trailing_events AS (
  SELECT
    *,
    SUM(number_of_events) OVER (
      PARTITION BY people_id, event_type
      ORDER BY date_day ASC ROWS BETWEEN 27 PRECEDING AND CURRENT ROW
    ) > 0 AS has_event_in_last_28_days,
    SUM(number_of_events) OVER (
      PARTITION BY people_id, event_type
      ORDER BY date_day ASC ROWS BETWEEN 6 PRECEDING AND CURRENT ROW
    ) > 0 AS has_event_in_last_7_days,
    SUM(number_of_events) OVER (
      PARTITION BY people_id, event_type
      ORDER BY date_day ASC ROWS BETWEEN 27 PRECEDING AND 1 PRECEDING
    ) > 0 AND number_of_events > 0 AS is_repeat_user
  FROM spine_joined
),
event_days AS (
  SELECT
    source_relation,
    date_day,
    event_type,
    SUM(number_of_events) AS number_of_events,
    SUM(CASE WHEN number_of_events > 0 THEN 1 ELSE 0 END) AS number_of_users,
    SUM(CASE WHEN number_of_events > 0 THEN is_first_event_day ELSE 0 END) AS number_of_new_users,
    SUM(CASE WHEN is_repeat_user = TRUE THEN 1 ELSE 0 END) AS number_of_repeat_users,
    SUM(CASE WHEN has_event_in_last_28_days = TRUE THEN 1 ELSE 0 END) AS trailing_users_28d,
    SUM(CASE WHEN has_event_in_last_7_days = TRUE THEN 1 ELSE 0 END) AS trailing_users_7d
  FROM trailing_events
  GROUP BY 1, 2, 3
)
SELECT
  *,
  number_of_users - number_of_new_users - number_of_repeat_users AS number_of_return_users,
  event_type || '-' || date_day || '-' || source_relation AS unique_key
FROM event_days
