-- github.com/fivetran/dbt_mixpanel (Apache-2.0), models/mixpanel__monthly_events.sql at 02bfa60:
-- users of each kind of event, month by month, with those that came back and those lost.
WITH event AS (
  SELECT
    source_relation,
    event_type,
    unique_event_id,
    people_id,
    CAST(TIMESTAMP_TRUNC(CAST(occurred_at AS TIMESTAMP), MONTH) AS DATE) AS date_month
  FROM (${mixpanel__event})
),
month_totals AS (
  SELECT source_relation, date_month, COUNT(DISTINCT people_id) AS total_monthly_active_users
  FROM event
  GROUP BY 1, 2
),
user_months AS (
  SELECT source_relation, people_id, event_type, date_month, COUNT(unique_event_id) AS number_of_events
  FROM event
  GROUP BY 1, 2, 3, 4
),
user_monthly_events AS (
  SELECT
    *,
    MIN(date_month) OVER (PARTITION BY people_id, event_type) AS first_month,
    LAG(date_month, 1) OVER (
      PARTITION BY people_id, event_type ORDER BY date_month ASC
    ) previous_month_with_event
  FROM user_months
),
monthly_metrics AS (
  SELECT
    u.source_relation,
    u.date_month,
    u.event_type,
    t.total_monthly_active_users,
    COUNT(DISTINCT u.people_id) AS number_of_users,
    COUNT(DISTINCT CASE WHEN u.first_month = u.date_month THEN u.people_id END)
      AS number_of_new_users,
    COUNT(DISTINCT CASE
      WHEN u.previous_month_with_event IS NOT NULL AND DATETIME_DIFF(
        CAST(u.date_month AS DATETIME), CAST(u.previous_month_with_event AS DATETIME), MONTH
      ) = 1 THEN u.people_id END) AS number_of_repeat_users,
    COUNT(DISTINCT CASE
      WHEN u.previous_month_with_event IS NOT NULL AND DATETIME_DIFF(
        CAST(u.date_month AS DATETIME), CAST(u.previous_month_with_event AS DATETIME), MONTH
      ) > 1 THEN u.people_id END) AS number_of_return_users,
    SUM(u.number_of_events) AS number_of_events
  FROM user_monthly_events AS u
  LEFT JOIN month_totals AS t
    ON u.source_relation = t.source_relation
    AND u.date_month = t.date_month
  GROUP BY 1, 2, 3, 4
)
SELECT
  *,
  COALESCE(
    LAG(number_of_users, 1) OVER (PARTITION BY event_type ORDER BY date_month ASC)
      - number_of_repeat_users,
    0
  ) AS number_of_churn_users,
  date_month || '-' || event_type || '-' || source_relation AS unique_key
FROM monthly_metrics
