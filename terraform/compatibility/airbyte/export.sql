-- Events in the columns that Airbyte's source-mixpanel loads, where text is as Python writes it:
-- true is `True`, and null is `None`. A property that an event does not have is NULL, and one that
-- begins with `$` has lost it (github.com/airbytehq/airbyte/tree/master/airbyte-integrations/connectors/
-- source-mixpanel, source_mixpanel/streams.py).
-- Airbyte takes Mixpanel's clock for UTC, in whole seconds. So time is the wall clock of the
-- project, and time_utc, which Airbyte has not, the moment.
-- Reads events_stable. A predicate on time reads every day; with one on time_utc beside it, a day
-- wider at both ends, only the days that are needed should be read.
WITH event AS (
  SELECT
    *,
    properties AS p,
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
  TO_HEX(MD5(TO_JSON_STRING([
    event_name,
    IFNULL(distinct_id_before_identity, distinct_id),
    insert_id,
    CAST(UNIX_MICROS(time) AS STRING),
    twin
  ]))) AS _airbyte_raw_id,
  TIMESTAMP_MICROS(_version) AS _airbyte_extracted_at,
  JSON '{"changes":[],"sync_id":0}' AS _airbyte_meta,
  0 AS _airbyte_generation_id,
  event_name AS event,
  distinct_id,
  TIMESTAMP_TRUNC(TIMESTAMP(DATETIME(time, '${project_timezone}')), SECOND) AS time,
  time AS time_utc,
  JSON_QUERY(properties, '$.labels') AS labels,
  IFNULL(
    SAFE.INT64(JSON_QUERY(properties, '$.sampling_factor')),
    SAFE_CAST(JSON_VALUE(properties, '$.sampling_factor') AS INT64)
  ) AS sampling_factor,
  JSON_VALUE(properties, '$.dataset') AS dataset,
  insert_id,
  IF(JSON_TYPE(p['$city']) = 'null', 'None', JSON_VALUE(p['$city'])) AS city,
  IF(JSON_TYPE(p['$region']) = 'null', 'None', JSON_VALUE(p['$region'])) AS region,
  IF(JSON_TYPE(p['mp_country_code']) = 'null', 'None', JSON_VALUE(p['mp_country_code']))
    AS mp_country_code,
  IF(JSON_TYPE(p['$mp_api_endpoint']) = 'null', 'None', JSON_VALUE(p['$mp_api_endpoint']))
    AS mp_api_endpoint,
  IF(JSON_TYPE(p['$mp_api_timestamp_ms']) = 'null', 'None', JSON_VALUE(p['$mp_api_timestamp_ms']))
    AS mp_api_timestamp_ms,
  IF(JSON_TYPE(p['mp_processing_time_ms']) = 'null', 'None', JSON_VALUE(p['mp_processing_time_ms']))
    AS mp_processing_time_ms,
  IF(JSON_TYPE(p['$device_id']) = 'null', 'None', JSON_VALUE(p['$device_id'])) AS device_id,
  IF(JSON_TYPE(p['$user_id']) = 'null', 'None', JSON_VALUE(p['$user_id'])) AS user_id,
  IF(JSON_TYPE(p['mp_lib']) = 'null', 'None', JSON_VALUE(p['mp_lib'])) AS mp_lib,
  IF(JSON_TYPE(p['$lib_version']) = 'null', 'None', JSON_VALUE(p['$lib_version'])) AS lib_version,
  IF(JSON_TYPE(p['mp_sent_by_lib_version']) = 'null', 'None', JSON_VALUE(p['mp_sent_by_lib_version']))
    AS mp_sent_by_lib_version,
  IF(JSON_TYPE(p['$os']) = 'null', 'None', JSON_VALUE(p['$os'])) AS os,
  IF(JSON_TYPE(p['$os_version']) = 'null', 'None', JSON_VALUE(p['$os_version'])) AS os_version,
  IF(JSON_TYPE(p['$browser']) = 'null', 'None', JSON_VALUE(p['$browser'])) AS browser,
  IF(JSON_TYPE(p['$browser_version']) = 'null', 'None', JSON_VALUE(p['$browser_version']))
    AS browser_version,
  IF(JSON_TYPE(p['$app_build_number']) = 'null', 'None', JSON_VALUE(p['$app_build_number']))
    AS app_build_number,
  IF(JSON_TYPE(p['$app_release']) = 'null', 'None', JSON_VALUE(p['$app_release'])) AS app_release,
  IF(JSON_TYPE(p['$app_version']) = 'null', 'None', JSON_VALUE(p['$app_version'])) AS app_version,
  IF(JSON_TYPE(p['$app_version_string']) = 'null', 'None', JSON_VALUE(p['$app_version_string']))
    AS app_version_string,
  IF(JSON_TYPE(p['$device']) = 'null', 'None', JSON_VALUE(p['$device'])) AS device,
  IF(JSON_TYPE(p['$screen_height']) = 'null', 'None', JSON_VALUE(p['$screen_height']))
    AS screen_height,
  IF(JSON_TYPE(p['$screen_width']) = 'null', 'None', JSON_VALUE(p['$screen_width']))
    AS screen_width,
  IF(JSON_TYPE(p['$screen_dpi']) = 'null', 'None', JSON_VALUE(p['$screen_dpi'])) AS screen_dpi,
  IF(JSON_TYPE(p['$current_url']) = 'null', 'None', JSON_VALUE(p['$current_url'])) AS current_url,
  IF(JSON_TYPE(p['$initial_referrer']) = 'null', 'None', JSON_VALUE(p['$initial_referrer']))
    AS initial_referrer,
  IF(JSON_TYPE(p['$initial_referring_domain']) = 'null', 'None', JSON_VALUE(p['$initial_referring_domain']))
    AS initial_referring_domain,
  IF(JSON_TYPE(p['$referrer']) = 'null', 'None', JSON_VALUE(p['$referrer'])) AS referrer,
  IF(JSON_TYPE(p['$referring_domain']) = 'null', 'None', JSON_VALUE(p['$referring_domain']))
    AS referring_domain,
  IF(JSON_TYPE(p['$search_engine']) = 'null', 'None', JSON_VALUE(p['$search_engine']))
    AS search_engine,
  IF(JSON_TYPE(p['mp_keyword']) = 'null', 'None', JSON_VALUE(p['mp_keyword'])) AS mp_keyword,
  IF(JSON_TYPE(p['utm_source']) = 'null', 'None', JSON_VALUE(p['utm_source'])) AS utm_source,
  IF(JSON_TYPE(p['utm_medium']) = 'null', 'None', JSON_VALUE(p['utm_medium'])) AS utm_medium,
  IF(JSON_TYPE(p['utm_campaign']) = 'null', 'None', JSON_VALUE(p['utm_campaign'])) AS utm_campaign,
  IF(JSON_TYPE(p['utm_content']) = 'null', 'None', JSON_VALUE(p['utm_content'])) AS utm_content,
  IF(JSON_TYPE(p['utm_term']) = 'null', 'None', JSON_VALUE(p['utm_term'])) AS utm_term,
  IF(JSON_TYPE(p['$manufacturer']) = 'null', 'None', JSON_VALUE(p['$manufacturer']))
    AS manufacturer,
  IF(JSON_TYPE(p['$brand']) = 'null', 'None', JSON_VALUE(p['$brand'])) AS brand,
  IF(JSON_TYPE(p['$model']) = 'null', 'None', JSON_VALUE(p['$model'])) AS model,
  IF(JSON_TYPE(p['$watch_model']) = 'null', 'None', JSON_VALUE(p['$watch_model'])) AS watch_model,
  IF(JSON_TYPE(p['$carrier']) = 'null', 'None', JSON_VALUE(p['$carrier'])) AS carrier,
  IF(JSON_TYPE(p['$radio']) = 'null', 'None', JSON_VALUE(p['$radio'])) AS radio,
  IF(JSON_TYPE(p['$bluetooth_version']) = 'null', 'None', JSON_VALUE(p['$bluetooth_version']))
    AS bluetooth_version,
  IF(JSON_TYPE(p['$google_play_services']) = 'null', 'None', JSON_VALUE(p['$google_play_services']))
    AS google_play_services,
  IF(JSON_TYPE(p['$duration']) = 'null', 'None', JSON_VALUE(p['$duration'])) AS duration,
  IF(JSON_TYPE(p['$ae_session_length']) = 'null', 'None', JSON_VALUE(p['$ae_session_length']))
    AS ae_session_length,
  IF(JSON_TYPE(p['$event_name']) = 'null', 'None', JSON_VALUE(p['$event_name'])) AS event_name,
  IF(JSON_TYPE(p['$identified_id']) = 'null', 'None', JSON_VALUE(p['$identified_id']))
    AS identified_id,
  IF(JSON_TYPE(p['$anon_id']) = 'null', 'None', JSON_VALUE(p['$anon_id'])) AS anon_id,
  IF(JSON_TYPE(p['alias']) = 'null', 'None', JSON_VALUE(p['alias'])) AS alias,
  IF(JSON_TYPE(p['$distinct_id_before_identity']) = 'null', 'None', JSON_VALUE(p['$distinct_id_before_identity']))
    AS distinct_id_before_identity,
  IF(JSON_TYPE(p['$failure_description']) = 'null', 'None', JSON_VALUE(p['$failure_description']))
    AS failure_description,
  IF(JSON_TYPE(p['$failure_reason']) = 'null', 'None', JSON_VALUE(p['$failure_reason']))
    AS failure_reason,
  IF(JSON_TYPE(p['$identity_failure_reason']) = 'null', 'None', JSON_VALUE(p['$identity_failure_reason']))
    AS identity_failure_reason,
  IF(JSON_TYPE(p['mp_original_distinct_id']) = 'null', 'None', JSON_VALUE(p['mp_original_distinct_id']))
    AS mp_original_distinct_id,
  IF(JSON_TYPE(p['mp_original_event_name']) = 'null', 'None', JSON_VALUE(p['mp_original_event_name']))
    AS mp_original_event_name,
  IF(JSON_TYPE(p['$source']) = 'null', 'None', JSON_VALUE(p['$source'])) AS source,
  IF(JSON_TYPE(p['$partner_id']) = 'null', 'None', JSON_VALUE(p['$partner_id'])) AS partner_id,
  IF(JSON_TYPE(p['$warehouse_type']) = 'null', 'None', JSON_VALUE(p['$warehouse_type']))
    AS warehouse_type,
  IF(JSON_TYPE(p['$warehouse_import_id']) = 'null', 'None', JSON_VALUE(p['$warehouse_import_id']))
    AS warehouse_import_id,
  IF(JSON_TYPE(p['$warehouse_import_job_id']) = 'null', 'None', JSON_VALUE(p['$warehouse_import_job_id']))
    AS warehouse_import_job_id,
  IF(JSON_TYPE(p['$warehouse_import_run_id']) = 'null', 'None', JSON_VALUE(p['$warehouse_import_run_id']))
    AS warehouse_import_run_id,
  IF(JSON_TYPE(p['$warehouse_table']) = 'null', 'None', JSON_VALUE(p['$warehouse_table']))
    AS warehouse_table,
  IF(JSON_TYPE(p['$duration_s']) = 'null', 'None', JSON_VALUE(p['$duration_s'])) AS duration_s,
  IF(JSON_TYPE(p['$event_count']) = 'null', 'None', JSON_VALUE(p['$event_count'])) AS event_count,
  IF(JSON_TYPE(p['$origin_start']) = 'null', 'None', JSON_VALUE(p['$origin_start']))
    AS origin_start,
  IF(JSON_TYPE(p['$origin_end']) = 'null', 'None', JSON_VALUE(p['$origin_end'])) AS origin_end,
  CASE JSON_TYPE(p['$import'])
    WHEN 'null' THEN 'None'
    WHEN 'boolean' THEN INITCAP(JSON_VALUE(properties, '$."$import"'))
    ELSE JSON_VALUE(properties, '$."$import"')
  END AS import,
  CASE JSON_TYPE(p['$wifi'])
    WHEN 'null' THEN 'None'
    WHEN 'boolean' THEN INITCAP(JSON_VALUE(properties, '$."$wifi"'))
    ELSE JSON_VALUE(properties, '$."$wifi"')
  END AS wifi,
  CASE JSON_TYPE(p['$bluetooth_enabled'])
    WHEN 'null' THEN 'None'
    WHEN 'boolean' THEN INITCAP(JSON_VALUE(properties, '$."$bluetooth_enabled"'))
    ELSE JSON_VALUE(properties, '$."$bluetooth_enabled"')
  END AS bluetooth_enabled,
  CASE JSON_TYPE(p['$has_nfc'])
    WHEN 'null' THEN 'None'
    WHEN 'boolean' THEN INITCAP(JSON_VALUE(properties, '$."$has_nfc"'))
    ELSE JSON_VALUE(properties, '$."$has_nfc"')
  END AS has_nfc,
  CASE JSON_TYPE(p['$has_telephone'])
    WHEN 'null' THEN 'None'
    WHEN 'boolean' THEN INITCAP(JSON_VALUE(properties, '$."$has_telephone"'))
    ELSE JSON_VALUE(properties, '$."$has_telephone"')
  END AS has_telephone,
  CASE JSON_TYPE(p['$is_reshuffled'])
    WHEN 'null' THEN 'None'
    WHEN 'boolean' THEN INITCAP(JSON_VALUE(properties, '$."$is_reshuffled"'))
    ELSE JSON_VALUE(properties, '$."$is_reshuffled"')
  END AS is_reshuffled,
  CASE JSON_TYPE(p['$had_persisted_distinct_id'])
    WHEN 'null' THEN 'None'
    WHEN 'boolean' THEN INITCAP(JSON_VALUE(properties, '$."$had_persisted_distinct_id"'))
    ELSE JSON_VALUE(properties, '$."$had_persisted_distinct_id"')
  END AS had_persisted_distinct_id,
  NULLIF(TO_JSON_STRING(JSON_QUERY(properties, '$."$distinct_ids"')), 'null') AS distinct_ids,
  -- Columns of the project's own properties go here.
  properties
FROM event
