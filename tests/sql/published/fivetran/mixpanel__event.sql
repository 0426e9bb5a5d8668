-- github.com/fivetran/dbt_mixpanel (Apache-2.0), models/mixpanel__event.sql at 02bfa60:
-- one row per event of a day, the first that Mixpanel processed.
WITH numbered AS (
  SELECT
    TO_HEX(MD5(CAST(
      COALESCE(CAST(insert_id AS STRING), '_dbt_utils_surrogate_key_null_') || '-'
      || COALESCE(CAST(people_id AS STRING), '_dbt_utils_surrogate_key_null_') || '-'
      || COALESCE(CAST(event_type AS STRING), '_dbt_utils_surrogate_key_null_') || '-'
      || COALESCE(CAST(date_day AS STRING), '_dbt_utils_surrogate_key_null_') || '-'
      || COALESCE(CAST(source_relation AS STRING), '_dbt_utils_surrogate_key_null_')
    AS STRING))) AS unique_event_id,
    *,
    ROW_NUMBER() OVER (
      PARTITION BY insert_id, people_id, event_type, date_day
      ORDER BY mp_processing_time_ms ASC
    ) AS nth_event_record
  FROM (${stg_mixpanel__event})
)
SELECT * FROM numbered WHERE nth_event_record = 1
