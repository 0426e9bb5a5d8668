-- Events in the columns that Fivetran loads, with the types that the models of its dbt package
-- expect (github.com/fivetran/dbt_mixpanel, macros/staging_columns.sql). A value of another type is
-- NULL.
-- Fivetran takes Mixpanel's clock as it is. So time is the wall clock of the project, and time_utc,
-- which Fivetran has not, the moment.
-- _fivetran_id is a hash of what tells events apart: name, the distinct_id that was sent, insert_id
-- and time. An event without insert_id is never a copy, so its hash is of all its properties as
-- well, and of a number among those that are equal in everything.
-- Reads events_stable. A predicate on time reads every day; with one on time_utc beside it, a day
-- wider at both ends, only the days that are needed should be read.
WITH event AS (
  SELECT
    *,
    IF(
      insert_id IS NULL,
      CONCAT(
        CAST(ROW_NUMBER() OVER (
          PARTITION BY
            time,
            event_name,
            IFNULL(distinct_id_before_identity, distinct_id),
            insert_id,
            TO_JSON_STRING(properties)
          ORDER BY distinct_id
        ) AS STRING),
        TO_JSON_STRING(properties)
      ),
      NULL
    ) AS twin
  FROM `${project_id}.${dataset}.events_stable`
)
SELECT
  TO_BASE64(SHA1(TO_JSON_STRING([
    event_name,
    IFNULL(distinct_id_before_identity, distinct_id),
    insert_id,
    CAST(UNIX_MICROS(time) AS STRING),
    twin
  ]))) AS _fivetran_id,
  TIMESTAMP_MICROS(_version) AS _fivetran_synced,
  CAST(NULL AS STRING) AS event_id,
  event_name AS name,
  TIMESTAMP(DATETIME(time, '${project_timezone}')) AS time,
  time AS time_utc,
  UNIX_MILLIS(TIMESTAMP(DATETIME(time, '${project_timezone}'))) AS event_time_ms,
  distinct_id,
  distinct_id_before_identity,
  insert_id,
  device_id,
  UNIX_MILLIS(processing_time) AS mp_processing_time_ms,
  JSON_VALUE(properties, '$."$city"') AS city,
  JSON_VALUE(properties, '$."$region"') AS region,
  JSON_VALUE(properties, '$.mp_country_code') AS mp_country_code,
  JSON_VALUE(properties, '$."$os"') AS os,
  JSON_VALUE(properties, '$."$os_version"') AS os_version,
  JSON_VALUE(properties, '$.mp_lib') AS mp_lib,
  JSON_VALUE(properties, '$."$lib_version"') AS lib_version,
  IFNULL(
    SAFE.INT64(JSON_QUERY(properties, '$."$screen_width"')),
    SAFE_CAST(JSON_VALUE(properties, '$."$screen_width"') AS INT64)
  ) AS screen_width,
  IFNULL(
    SAFE.INT64(JSON_QUERY(properties, '$."$screen_height"')),
    SAFE_CAST(JSON_VALUE(properties, '$."$screen_height"') AS INT64)
  ) AS screen_height,
  IFNULL(
    SAFE.INT64(JSON_QUERY(properties, '$."$screen_dpi"')),
    SAFE_CAST(JSON_VALUE(properties, '$."$screen_dpi"') AS INT64)
  ) AS screen_dpi,
  JSON_VALUE(properties, '$."$browser"') AS browser,
  SAFE_CAST(REGEXP_EXTRACT(JSON_VALUE(properties, '$."$browser_version"'), r'^[0-9]+') AS INT64)
    AS browser_version,
  JSON_VALUE(properties, '$."$current_url"') AS current_url,
  JSON_VALUE(properties, '$."$referrer"') AS referrer,
  JSON_VALUE(properties, '$."$referring_domain"') AS referring_domain,
  JSON_VALUE(properties, '$."$initial_referrer"') AS initial_referrer,
  JSON_VALUE(properties, '$."$initial_referring_domain"') AS initial_referring_domain,
  JSON_VALUE(properties, '$."$search_engine"') AS search_engine,
  JSON_VALUE(properties, '$.mp_keyword') AS mp_keyword,
  JSON_VALUE(properties, '$."$device"') AS device,
  JSON_VALUE(properties, '$."$manufacturer"') AS manufacturer,
  JSON_VALUE(properties, '$."$brand"') AS brand,
  JSON_VALUE(properties, '$."$model"') AS model,
  JSON_VALUE(properties, '$."$carrier"') AS carrier,
  JSON_VALUE(properties, '$."$radio"') AS radio,
  SAFE_CAST(JSON_VALUE(properties, '$."$wifi"') AS BOOL) AS wifi,
  SAFE_CAST(JSON_VALUE(properties, '$."$bluetooth_enabled"') AS BOOL) AS bluetooth_enabled,
  JSON_VALUE(properties, '$."$bluetooth_version"') AS bluetooth_version,
  SAFE_CAST(JSON_VALUE(properties, '$."$has_nfc"') AS BOOL) AS has_nfc,
  SAFE_CAST(JSON_VALUE(properties, '$."$has_telephone"') AS BOOL) AS has_telephone,
  JSON_VALUE(properties, '$."$google_play_services"') AS google_play_services,
  JSON_VALUE(properties, '$."$app_build_number"') AS app_build_number,
  JSON_VALUE(properties, '$."$app_version_string"') AS app_version_string,
  JSON_VALUE(properties, '$."$ae_session_length"') AS ae_session_length,
  JSON_VALUE(properties, '$."$app_version"') AS app_version,
  JSON_VALUE(properties, '$."$app_release"') AS app_release,
  JSON_VALUE(properties, '$.mp_device_model') AS mp_device_model,
  JSON_VALUE(properties, '$."$ios_ifa"') AS ios_ifa,
  SAFE_CAST(JSON_VALUE(properties, '$."$had_persisted_distinct_id"') AS BOOL)
    AS had_persisted_distinct_id,
  -- Columns of the project's own properties go here.
  TO_JSON_STRING(properties) AS properties
FROM event
