-- Events in the columns that Singer's tap-mixpanel loads, where text is as Python writes it: true
-- is `True`. A property that is null or missing is NULL, and `$x` is called mp_reserved_x
-- (github.com/singer-io/tap-mixpanel, tap_mixpanel/transform.py and schema.py).
-- The tap takes Mixpanel's clock for UTC, in whole seconds, whatever it is told of the project's
-- zone. So time is the wall clock of the project, and time_utc, which the tap has not, the moment.
-- Reads events_stable. A predicate on time reads every day; with one on time_utc beside it, a day
-- wider at both ends, only the days that are needed should be read.
SELECT
  TIMESTAMP_MICROS(_version) AS _sdc_extracted_at,
  TIMESTAMP_MICROS(_version) AS _sdc_received_at,
  TIMESTAMP_MICROS(_version) AS _sdc_batched_at,
  CAST(NULL AS TIMESTAMP) AS _sdc_deleted_at,
  _version * 1000 AS _sdc_sequence,
  0 AS _sdc_table_version,
  event_name AS event,
  distinct_id,
  TIMESTAMP_TRUNC(TIMESTAMP(DATETIME(time, '${project_timezone}')), SECOND) AS time,
  time AS time_utc,
  CAST(NULL AS ARRAY<STRING>) AS labels,
  IFNULL(
    SAFE.INT64(JSON_QUERY(properties, '$.sampling_factor')),
    SAFE_CAST(JSON_VALUE(properties, '$.sampling_factor') AS INT64)
  ) AS sampling_factor,
  JSON_VALUE(properties, '$.dataset') AS dataset,
  insert_id AS mp_reserved_insert_id,
  JSON_VALUE(properties, '$."$city"') AS mp_reserved_city,
  JSON_VALUE(properties, '$."$region"') AS mp_reserved_region,
  JSON_VALUE(properties, '$.mp_country_code') AS mp_country_code,
  JSON_VALUE(properties, '$."$mp_api_endpoint"') AS mp_reserved_mp_api_endpoint,
  JSON_VALUE(properties, '$."$mp_api_timestamp_ms"') AS mp_reserved_mp_api_timestamp_ms,
  JSON_VALUE(properties, '$.mp_processing_time_ms') AS mp_processing_time_ms,
  JSON_VALUE(properties, '$."$device_id"') AS mp_reserved_device_id,
  JSON_VALUE(properties, '$."$user_id"') AS mp_reserved_user_id,
  JSON_VALUE(properties, '$.mp_lib') AS mp_lib,
  JSON_VALUE(properties, '$."$lib_version"') AS mp_reserved_lib_version,
  JSON_VALUE(properties, '$.mp_sent_by_lib_version') AS mp_sent_by_lib_version,
  JSON_VALUE(properties, '$."$os"') AS mp_reserved_os,
  JSON_VALUE(properties, '$."$os_version"') AS mp_reserved_os_version,
  JSON_VALUE(properties, '$."$browser"') AS mp_reserved_browser,
  JSON_VALUE(properties, '$."$browser_version"') AS mp_reserved_browser_version,
  JSON_VALUE(properties, '$."$app_build_number"') AS mp_reserved_app_build_number,
  JSON_VALUE(properties, '$."$app_release"') AS mp_reserved_app_release,
  JSON_VALUE(properties, '$."$app_version"') AS mp_reserved_app_version,
  JSON_VALUE(properties, '$."$app_version_string"') AS mp_reserved_app_version_string,
  JSON_VALUE(properties, '$."$device"') AS mp_reserved_device,
  JSON_VALUE(properties, '$."$screen_height"') AS mp_reserved_screen_height,
  JSON_VALUE(properties, '$."$screen_width"') AS mp_reserved_screen_width,
  JSON_VALUE(properties, '$."$screen_dpi"') AS mp_reserved_screen_dpi,
  JSON_VALUE(properties, '$."$current_url"') AS mp_reserved_current_url,
  JSON_VALUE(properties, '$."$initial_referrer"') AS mp_reserved_initial_referrer,
  JSON_VALUE(properties, '$."$initial_referring_domain"') AS mp_reserved_initial_referring_domain,
  JSON_VALUE(properties, '$."$referrer"') AS mp_reserved_referrer,
  JSON_VALUE(properties, '$."$referring_domain"') AS mp_reserved_referring_domain,
  JSON_VALUE(properties, '$."$search_engine"') AS mp_reserved_search_engine,
  JSON_VALUE(properties, '$.mp_keyword') AS mp_keyword,
  JSON_VALUE(properties, '$.utm_source') AS utm_source,
  JSON_VALUE(properties, '$.utm_medium') AS utm_medium,
  JSON_VALUE(properties, '$.utm_campaign') AS utm_campaign,
  JSON_VALUE(properties, '$.utm_content') AS utm_content,
  JSON_VALUE(properties, '$.utm_term') AS utm_term,
  JSON_VALUE(properties, '$."$manufacturer"') AS mp_reserved_manufacturer,
  JSON_VALUE(properties, '$."$brand"') AS mp_reserved_brand,
  JSON_VALUE(properties, '$."$model"') AS mp_reserved_model,
  JSON_VALUE(properties, '$."$watch_model"') AS mp_reserved_watch_model,
  JSON_VALUE(properties, '$."$carrier"') AS mp_reserved_carrier,
  JSON_VALUE(properties, '$."$radio"') AS mp_reserved_radio,
  JSON_VALUE(properties, '$."$bluetooth_version"') AS mp_reserved_bluetooth_version,
  JSON_VALUE(properties, '$."$google_play_services"') AS mp_reserved_google_play_services,
  JSON_VALUE(properties, '$."$duration"') AS mp_reserved_duration,
  JSON_VALUE(properties, '$."$ae_session_length"') AS mp_reserved_ae_session_length,
  JSON_VALUE(properties, '$."$event_name"') AS mp_reserved_event_name,
  JSON_VALUE(properties, '$."$identified_id"') AS mp_reserved_identified_id,
  JSON_VALUE(properties, '$."$anon_id"') AS mp_reserved_anon_id,
  JSON_VALUE(properties, '$.alias') AS alias,
  JSON_VALUE(properties, '$."$distinct_id_before_identity"')
    AS mp_reserved_distinct_id_before_identity,
  JSON_VALUE(properties, '$."$failure_description"') AS mp_reserved_failure_description,
  JSON_VALUE(properties, '$."$failure_reason"') AS mp_reserved_failure_reason,
  JSON_VALUE(properties, '$."$identity_failure_reason"') AS mp_reserved_identity_failure_reason,
  JSON_VALUE(properties, '$.mp_original_distinct_id') AS mp_original_distinct_id,
  JSON_VALUE(properties, '$.mp_original_event_name') AS mp_original_event_name,
  JSON_VALUE(properties, '$."$source"') AS mp_reserved_source,
  JSON_VALUE(properties, '$."$partner_id"') AS mp_reserved_partner_id,
  JSON_VALUE(properties, '$."$warehouse_type"') AS mp_reserved_warehouse_type,
  JSON_VALUE(properties, '$."$warehouse_import_id"') AS mp_reserved_warehouse_import_id,
  JSON_VALUE(properties, '$."$warehouse_import_job_id"') AS mp_reserved_warehouse_import_job_id,
  JSON_VALUE(properties, '$."$warehouse_import_run_id"') AS mp_reserved_warehouse_import_run_id,
  JSON_VALUE(properties, '$."$warehouse_table"') AS mp_reserved_warehouse_table,
  JSON_VALUE(properties, '$."$duration_s"') AS mp_reserved_duration_s,
  JSON_VALUE(properties, '$."$event_count"') AS mp_reserved_event_count,
  JSON_VALUE(properties, '$."$origin_start"') AS mp_reserved_origin_start,
  JSON_VALUE(properties, '$."$origin_end"') AS mp_reserved_origin_end,
  IF(
    JSON_TYPE(JSON_QUERY(properties, '$."$import"')) = 'boolean',
    INITCAP(JSON_VALUE(properties, '$."$import"')),
    JSON_VALUE(properties, '$."$import"')
  ) AS mp_reserved_import,
  IF(
    JSON_TYPE(JSON_QUERY(properties, '$."$wifi"')) = 'boolean',
    INITCAP(JSON_VALUE(properties, '$."$wifi"')),
    JSON_VALUE(properties, '$."$wifi"')
  ) AS mp_reserved_wifi,
  IF(
    JSON_TYPE(JSON_QUERY(properties, '$."$bluetooth_enabled"')) = 'boolean',
    INITCAP(JSON_VALUE(properties, '$."$bluetooth_enabled"')),
    JSON_VALUE(properties, '$."$bluetooth_enabled"')
  ) AS mp_reserved_bluetooth_enabled,
  IF(
    JSON_TYPE(JSON_QUERY(properties, '$."$has_nfc"')) = 'boolean',
    INITCAP(JSON_VALUE(properties, '$."$has_nfc"')),
    JSON_VALUE(properties, '$."$has_nfc"')
  ) AS mp_reserved_has_nfc,
  IF(
    JSON_TYPE(JSON_QUERY(properties, '$."$has_telephone"')) = 'boolean',
    INITCAP(JSON_VALUE(properties, '$."$has_telephone"')),
    JSON_VALUE(properties, '$."$has_telephone"')
  ) AS mp_reserved_has_telephone,
  IF(
    JSON_TYPE(JSON_QUERY(properties, '$."$is_reshuffled"')) = 'boolean',
    INITCAP(JSON_VALUE(properties, '$."$is_reshuffled"')),
    JSON_VALUE(properties, '$."$is_reshuffled"')
  ) AS mp_reserved_is_reshuffled,
  IF(
    JSON_TYPE(JSON_QUERY(properties, '$."$had_persisted_distinct_id"')) = 'boolean',
    INITCAP(JSON_VALUE(properties, '$."$had_persisted_distinct_id"')),
    JSON_VALUE(properties, '$."$had_persisted_distinct_id"')
  ) AS mp_reserved_had_persisted_distinct_id,
  NULLIF(TO_JSON_STRING(JSON_QUERY(properties, '$."$distinct_ids"')), 'null')
    AS mp_reserved_distinct_ids,
  -- Columns of the project's own properties go here.
  properties
FROM `${project_id}.${dataset}.events_stable`
