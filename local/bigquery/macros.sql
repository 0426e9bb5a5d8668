-- Functions of BigQuery that DuckDB lacks, or that mean something else there. They are macros in
-- the file, so that its views can be read without the emulator. What they answer is what the
-- reference implementation of GoogleSQL answers.
-- `typeof` tells signatures apart: DuckDB fails to choose among variants of a macro where it is
-- given an aggregate or a column of an outer query.

-- An error with this text. DuckDB's own `error` is taken for a function that answers differently
-- each time, which windows and TRY refuse.
CREATE OR REPLACE MACRO _emulator.fail(message) AS CAST(message AS BIGINT);

-- Conversions answer NULL where BigQuery's SAFE ones do; `strict` makes errors of that.
CREATE OR REPLACE MACRO _emulator.strict(value, converted, message) AS
  CASE
    WHEN CASE
      WHEN converted IS NULL AND value IS NOT NULL
      THEN _emulator.fail(message || CAST(value AS VARCHAR))
    END IS NULL
    THEN converted
  END;

-- Numbers

-- Arguments are written out wherever a macro names them: what may be nested names them rarely.

-- The text of a double, as JSON has it: up to 15 digits, an exponent follows earlier than here.
CREATE OR REPLACE MACRO _emulator.float_text(number) AS
  regexp_replace(
    regexp_replace(
      regexp_replace(
        CAST(number AS VARCHAR), '^(-?\d)(\d{14})0\.0$', '\1.\2e+15'
      ),
      '0+e\+15$',
      'e+15'
    ),
    '\.e\+15$',
    'e+15'
  );

CREATE OR REPLACE MACRO _emulator.float_json(number) AS
  CASE CAST(number AS VARCHAR)
    WHEN 'inf' THEN '"Infinity"'
    WHEN '-inf' THEN '"-Infinity"'
    WHEN 'nan' THEN '"NaN"'
    ELSE _emulator.float_text(number)
  END;

-- A double could not hold all digits of the larger ones.
CREATE OR REPLACE MACRO _emulator.int64_json(text) AS
  CASE
    WHEN abs(TRY_CAST(text AS HUGEINT)) > 9007199254740992 THEN '"' || text || '"'
    ELSE text
  END;

CREATE OR REPLACE MACRO _emulator.int64_of_text(text) AS
  CASE
    WHEN regexp_full_match(text, '\s*-0[xX][0-9a-fA-F]+\s*')
    THEN -TRY_CAST(replace(trim(text), '-', '') AS BIGINT)
    WHEN regexp_full_match(text, '\s*[+-]?(\d+|0[xX][0-9a-fA-F]+)\s*')
    THEN TRY_CAST(replace(trim(text), '+', '') AS BIGINT)
  END;

CREATE OR REPLACE MACRO _emulator.float64_of_text(text) AS
  CASE
    WHEN regexp_full_match(
      text, '(?i)\s*[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf|infinity)\s*'
    )
    THEN TRY_CAST(trim(text) AS DOUBLE)
    WHEN regexp_full_match(text, '\s*0[xX][0-9a-fA-F]+\s*')
    THEN TRY_CAST(TRY_CAST(trim(text) AS HUGEINT) AS DOUBLE)
    WHEN regexp_full_match(text, '(?i)\s*[+-]?0x[0-9a-f.]+(p[+-]?\d+)?\s*')
    THEN CAST(_emulator.fail('not emulated: hexadecimal floating point numbers') AS DOUBLE)
  END;

CREATE OR REPLACE MACRO _emulator.bool_of_text(text) AS
  CASE lower(text)
    WHEN 'true' THEN TRUE
    WHEN 'false' THEN FALSE
  END;

CREATE OR REPLACE MACRO _emulator.as_int64(value) AS
  CASE
    WHEN typeof(value) = 'VARCHAR' THEN _emulator.int64_of_text(CAST(value AS VARCHAR))
    WHEN typeof(value) = 'DOUBLE' THEN TRY_CAST(round(TRY_CAST(value AS DOUBLE)) AS BIGINT)
    ELSE TRY_CAST(value AS BIGINT)
  END;

CREATE OR REPLACE MACRO _emulator.as_float64(value) AS
  CASE
    WHEN typeof(value) = 'VARCHAR' THEN _emulator.float64_of_text(CAST(value AS VARCHAR))
    ELSE TRY_CAST(value AS DOUBLE)
  END;

CREATE OR REPLACE MACRO _emulator.as_bool(value) AS
  CASE
    WHEN typeof(value) = 'VARCHAR' THEN _emulator.bool_of_text(CAST(value AS VARCHAR))
    ELSE TRY_CAST(value AS BOOLEAN)
  END;

-- Text

-- Fractions of a second have three digits or six.
CREATE OR REPLACE MACRO _emulator.fraction(text) AS
  regexp_replace(
    regexp_replace(
      regexp_replace(
        regexp_replace(text, '\.(\d)(\D|$)', '.\100\2'), '\.(\d\d)(\D|$)', '.\10\2'
      ),
      '\.(\d{4})(\D|$)',
      '.\100\2'
    ),
    '\.(\d{5})(\D|$)',
    '.\10\2'
  );

CREATE OR REPLACE MACRO _emulator.as_string(value) AS
  CASE typeof(value)
    WHEN 'DOUBLE'
    THEN regexp_replace(_emulator.float_text(TRY_CAST(value AS DOUBLE)), '\.0$', '')
    WHEN 'TIMESTAMP' THEN _emulator.fraction(CAST(value AS VARCHAR))
    WHEN 'TIMESTAMP WITH TIME ZONE' THEN _emulator.fraction(CAST(value AS VARCHAR))
    WHEN 'BLOB' THEN CAST(_emulator.fail('not emulated: text of BYTES') AS VARCHAR)
    WHEN 'JSON' THEN CAST(_emulator.fail('Invalid cast from JSON to STRING') AS VARCHAR)
    ELSE CAST(value AS VARCHAR)
  END;

-- Words begin after blanks and these signs. A lambda would not do: where the text comes from a
-- subscript of JSON, DuckDB refuses it.
CREATE OR REPLACE MACRO _emulator.initcap(text) AS coalesce((
  SELECT string_agg(upper(part[1]) || lower(part[2:]), '' ORDER BY place)
  FROM (
    SELECT unnest(parts) AS part, generate_subscripts(parts, 1) AS place
    FROM (
      SELECT regexp_extract_all(
        text, '[\s\[\](){}/|<>!?@"^#$&~_,.:;*%+\\-]+|[^\s\[\](){}/|<>!?@"^#$&~_,.:;*%+\\-]+'
      ) AS parts
    )
  )
), text);

CREATE OR REPLACE MACRO _emulator.substring(text, start, length) AS
  substring(text, CASE WHEN start = 0 THEN 1 ELSE start END, length);

-- Times

CREATE OR REPLACE MACRO _emulator.is_date_text(text) AS
  regexp_full_match(text, '\d{4}-\d{1,2}-\d{1,2}');

CREATE OR REPLACE MACRO _emulator.is_datetime_text(text) AS
  regexp_full_match(
    text, '\d{4}-\d{1,2}-\d{1,2}([ Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,6})?)?'
  );

-- A zone is an offset, or none; names of zones are not known here.
CREATE OR REPLACE MACRO _emulator.is_timestamp_text(text) AS
  regexp_full_match(
    text,
    '\d{4}-\d{1,2}-\d{1,2}([ Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,6})?)?'
    || '([Zz]| UTC| ?[+-]\d{1,2}(:\d{2})?)?'
  );

CREATE OR REPLACE MACRO _emulator.date_of_text(text) AS
  CASE WHEN _emulator.is_date_text(text) THEN TRY_CAST(text AS DATE) END;

CREATE OR REPLACE MACRO _emulator.datetime_of_text(text) AS
  CASE WHEN _emulator.is_datetime_text(text) THEN TRY_CAST(text AS TIMESTAMP) END;

CREATE OR REPLACE MACRO _emulator.timestamp_of_text(text) AS
  CASE
    WHEN _emulator.is_timestamp_text(text)
    THEN TRY_CAST(replace(text, ' UTC', 'Z') AS TIMESTAMPTZ)
  END;

CREATE OR REPLACE MACRO _emulator.as_date(value) AS
  CASE
    WHEN typeof(value) = 'VARCHAR' THEN _emulator.date_of_text(CAST(value AS VARCHAR))
    ELSE TRY_CAST(value AS DATE)
  END;

CREATE OR REPLACE MACRO _emulator.as_datetime(value) AS
  CASE
    WHEN typeof(value) = 'VARCHAR' THEN _emulator.datetime_of_text(CAST(value AS VARCHAR))
    ELSE TRY_CAST(value AS TIMESTAMP)
  END;

CREATE OR REPLACE MACRO _emulator.as_timestamp(value) AS
  CASE
    WHEN typeof(value) = 'VARCHAR' THEN _emulator.timestamp_of_text(CAST(value AS VARCHAR))
    ELSE TRY_CAST(value AS TIMESTAMPTZ)
  END;

CREATE OR REPLACE MACRO _emulator.timestamp_in(value, zone) AS
  timezone(zone, _emulator.as_datetime(value));

CREATE OR REPLACE MACRO _emulator.datetime_in(value, zone) AS
  timezone(zone, CAST(value AS TIMESTAMPTZ));

CREATE OR REPLACE MACRO _emulator.date_in(value, zone) AS
  CAST(timezone(zone, CAST(value AS TIMESTAMPTZ)) AS DATE);

-- Whole units from b to a, not counting one that is not over.
CREATE OR REPLACE MACRO _emulator.timestamp_diff(a, b, microseconds) AS
  (epoch_us(a) - epoch_us(b)) // microseconds;

-- JSON

CREATE OR REPLACE MACRO _emulator.json_type(json) AS
  CASE json_type(json)
    WHEN 'VARCHAR' THEN 'string'
    WHEN 'BOOLEAN' THEN 'boolean'
    WHEN 'ARRAY' THEN 'array'
    WHEN 'OBJECT' THEN 'object'
    WHEN 'NULL' THEN 'null'
    WHEN 'BIGINT' THEN 'number'
    WHEN 'UBIGINT' THEN 'number'
    WHEN 'DOUBLE' THEN 'number'
  END;

-- Text that holds JSON is taken for it; text that does not is NULL.
CREATE OR REPLACE MACRO _emulator.json_of(value) AS TRY_CAST(value AS JSON);

CREATE OR REPLACE MACRO _emulator.json_value(value, path) AS
  json_value(_emulator.json_of(value), path) ->> '$';

-- JSON of JSON, and text of text; a null in text is NULL.
CREATE OR REPLACE MACRO _emulator.json_query(value, path) AS
  cast_to_type(
    CASE
      WHEN typeof(value) = 'JSON'
        OR json_type(json_extract(_emulator.json_of(value), path)) <> 'NULL'
      THEN CAST(json_extract(_emulator.json_of(value), path) AS VARCHAR)
    END,
    value
  );

CREATE OR REPLACE MACRO _emulator.json_items(json) AS
  CASE WHEN json_type(json) = 'ARRAY' THEN json_extract(json, '$[*]') END;

CREATE OR REPLACE MACRO _emulator.json_query_array(value, path) AS
  cast_to_type(
    CAST(
      _emulator.json_items(json_extract(_emulator.json_of(value), path)) AS VARCHAR[]
    ),
    [value]
  );

CREATE OR REPLACE MACRO _emulator.json_scalars(json) AS
  CASE
    WHEN json_type(json) = 'ARRAY'
      AND NOT list_has_any(json_type(json, '$[*]'), ['OBJECT', 'ARRAY'])
    THEN json_extract_string(json, '$[*]')
  END;

CREATE OR REPLACE MACRO _emulator.json_value_array(value, path) AS
  _emulator.json_scalars(json_extract(_emulator.json_of(value), path));

-- A path of DuckDB cannot name every key. Of members with the same key, the first one counts.
CREATE OR REPLACE MACRO _emulator.json_element(json, key) AS
  CASE
    WHEN typeof(json) <> 'JSON'
    THEN CAST(_emulator.fail('not emulated: a position without OFFSET') AS JSON)
    WHEN typeof(key) = 'VARCHAR'
    THEN CASE
      WHEN json_type(json) = 'OBJECT'
      THEN json_extract(json, '$.*')[list_position(json_keys(json), CAST(key AS VARCHAR))]
    END
    WHEN json_type(json) = 'ARRAY' AND TRY_CAST(key AS BIGINT) >= 0
    THEN json_extract(json, '$[' || CAST(TRY_CAST(key AS BIGINT) AS VARCHAR) || ']')
  END;

CREATE OR REPLACE MACRO _emulator.escaped_key(key) AS
  CASE
    WHEN regexp_matches(key, '[\x00-\x1f"\\.]|\x{2028}|\x{2029}')
    THEN CAST(to_json(key) AS VARCHAR)
    ELSE key
  END;

-- As googlesql/public/functions/json.cc has it (JsonKeysTreeWalker): of objects in objects, down
-- to a depth; what is in arrays does not count. A path has a part, maybe quoted, for each key.
CREATE OR REPLACE MACRO _emulator.json_keys(json, depth) AS
  CASE
    WHEN json IS NOT NULL
    THEN coalesce(
      (
        SELECT list_sort(list(DISTINCT array_to_string(list_transform(
          regexp_extract_all(fullkey, '(?s)\.("(?:[^"\\]|\\.)*"|[^.\["]+)', 1),
          lambda part: _emulator.escaped_key(
            CASE
              WHEN part[1] = '"' THEN regexp_replace(part[2:-2], '(?s)\\(.)', '\1', 'g')
              ELSE part
            END
          )
        ), '.')))
        FROM json_tree(json)
        WHERE regexp_full_match(fullkey, '(?s)\$(\.("(?:[^"\\]|\\.)*"|[^.\["]+))+')
          AND len(regexp_extract_all(fullkey, '(?s)\.("(?:[^"\\]|\\.)*"|[^.\["]+)')) <= depth
      ),
      CAST([] AS VARCHAR[])
    )
  END;

CREATE OR REPLACE MACRO _emulator.json_int64(json) AS
  CASE
    WHEN json_type(json) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(json ->> '$' AS BIGINT)
    WHEN json_type(json) = 'DOUBLE'
      AND TRY_CAST(json AS DOUBLE) = trunc(TRY_CAST(json AS DOUBLE))
    THEN TRY_CAST(TRY_CAST(json AS DOUBLE) AS BIGINT)
  END;

CREATE OR REPLACE MACRO _emulator.json_float64(json) AS
  CASE WHEN json_type(json) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(json AS DOUBLE) END;

CREATE OR REPLACE MACRO _emulator.json_string(json) AS
  CASE WHEN json_type(json) = 'VARCHAR' THEN json ->> '$' END;

CREATE OR REPLACE MACRO _emulator.json_bool(json) AS
  CASE WHEN json_type(json) = 'BOOLEAN' THEN TRY_CAST(json AS BOOLEAN) END;

-- STRING takes JSON and times.
CREATE OR REPLACE MACRO _emulator.string_of(value) AS
  CASE
    WHEN typeof(value) = 'JSON' THEN _emulator.json_string(_emulator.json_of(value))
    ELSE _emulator.fraction(CAST(value AS VARCHAR))
  END;

CREATE OR REPLACE MACRO _emulator.lax_float64(json) AS
  CASE
    WHEN json_type(json) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(json AS DOUBLE)
    WHEN json_type(json) = 'VARCHAR' THEN _emulator.float64_of_text(json ->> '$')
  END;

CREATE OR REPLACE MACRO _emulator.lax_int64(json) AS
  CASE
    WHEN json_type(json) IN ('BIGINT', 'UBIGINT') THEN TRY_CAST(json ->> '$' AS BIGINT)
    WHEN json_type(json) = 'DOUBLE' THEN TRY_CAST(round(TRY_CAST(json AS DOUBLE)) AS BIGINT)
    WHEN json_type(json) = 'BOOLEAN' THEN TRY_CAST(TRY_CAST(json AS BOOLEAN) AS BIGINT)
    WHEN json_type(json) = 'VARCHAR'
    THEN coalesce(
      _emulator.int64_of_text(json ->> '$'),
      TRY_CAST(round(_emulator.float64_of_text(json ->> '$')) AS BIGINT)
    )
  END;

CREATE OR REPLACE MACRO _emulator.lax_string(json) AS
  CASE json_type(json)
    WHEN 'DOUBLE' THEN _emulator.as_string(TRY_CAST(json AS DOUBLE))
    ELSE json_value(json, '$') ->> '$'
  END;

CREATE OR REPLACE MACRO _emulator.lax_bool(json) AS
  CASE
    WHEN json_type(json) = 'BOOLEAN' THEN TRY_CAST(json AS BOOLEAN)
    WHEN json_type(json) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(json AS DOUBLE) <> 0
    WHEN json_type(json) = 'VARCHAR' THEN _emulator.bool_of_text(json ->> '$')
  END;

-- Text of values that JSON holds; what is nested in an array or a STRUCT is written by DuckDB.
-- JSON itself has one text only, since it is put in order when it comes in.
CREATE OR REPLACE MACRO _emulator.to_json_string(value) AS
  coalesce(
    CASE typeof(value)
      WHEN 'JSON' THEN CAST(value AS VARCHAR)
      WHEN 'TIMESTAMP WITH TIME ZONE'
      THEN '"' || replace(
        replace(_emulator.fraction(CAST(value AS VARCHAR)), ' ', 'T'), '+00', 'Z'
      ) || '"'
      WHEN 'TIMESTAMP'
      THEN '"' || replace(_emulator.fraction(CAST(value AS VARCHAR)), ' ', 'T') || '"'
      WHEN 'DOUBLE' THEN _emulator.float_json(TRY_CAST(value AS DOUBLE))
      WHEN 'BIGINT' THEN _emulator.int64_json(CAST(value AS VARCHAR))
      WHEN 'HUGEINT' THEN _emulator.int64_json(CAST(value AS VARCHAR))
      ELSE CASE
        WHEN regexp_matches(typeof(value), 'TIMESTAMP|DOUBLE|BLOB|JSON')
        THEN CAST(_emulator.fail('not emulated: JSON of ' || typeof(value)) AS VARCHAR)
        ELSE CAST(to_json(value) AS VARCHAR)
      END
    END,
    'null'
  );

CREATE OR REPLACE MACRO _emulator.to_json(value) AS
  CAST(_emulator.to_json_string(value) AS JSON);
