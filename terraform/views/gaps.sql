-- What is missing: stretches of processing time that should be loaded by now and are not, each as
-- long as can be. Without a row every series that is wanted is complete, up to its newest interval
-- that is due; a report can refuse to be made as long as there is one.
-- As the planner sees it, and by its settings: people are always those of the fetch, so that of
-- snapshots the newest is wanted, and of changes those within the heal horizon. Unlike for the
-- planner, what has landed is missing until it is loaded. A backfill that somebody wished for is
-- known by what it has loaded: the past begins with the day of the oldest interval, unless that
-- was replayed by hand.
WITH wanted AS (  -- In microseconds, as all moments are below.
  SELECT
    table_name,
    mode,
    minutes * 60 * 1000000 AS length,
    settle_minutes * 60 * 1000000 AS settle,
    UNIX_MICROS(CURRENT_TIMESTAMP()) AS now
  FROM UNNEST([
    STRUCT(
      'events' AS table_name,
      'recent' AS mode,
      ${interval_minutes} AS minutes,
      ${settle_minutes} AS settle_minutes
    ),
    -- Imports become visible late, and a sweep is taken once: half a day after its day.
    STRUCT('events', 'sweep', IF(${sweep_days} = 0, 0, 1440), GREATEST(${settle_minutes}, 720)),
    STRUCT('people', 'snapshot', ${people_snapshot_minutes}, ${settle_minutes}),
    STRUCT('people', 'changes', ${people_changes_minutes}, ${settle_minutes})
  ])
  WHERE minutes > 0 AND table_name IN UNNEST(SPLIT('${tables}', ','))
),
beginnings AS (
  SELECT
    table_name,
    mode,
    MIN(IF(origin = 'replay', NULL, TIMESTAMP_TRUNC(interval_start, DAY))) AS oldest_day
  FROM `${project_id}.${dataset}.loads`
  GROUP BY table_name, mode
),
pasts AS (
  SELECT
    w.*,
    UNIX_MICROS(
      LEAST(TIMESTAMP '${export_since}', IFNULL(b.oldest_day, TIMESTAMP '${export_since}'))
    ) AS since,
    DIV(w.now - w.settle, w.length) * w.length AS due_until
  FROM wanted AS w
  LEFT JOIN beginnings AS b ON w.table_name = b.table_name AND w.mode = b.mode
),
due AS (
  SELECT
    table_name,
    mode,
    length,
    settle,
    CASE mode
      WHEN 'snapshot' THEN due_until - length
      WHEN 'changes' THEN GREATEST(
        since,
        DIV(now - ${heal_horizon_hours} * 3600 * 1000000 + length - 1, length) * length
      )
      ELSE since
    END AS due_from,
    due_until
  FROM pasts
),
covered AS (
  SELECT d.*, UNIX_MICROS(l.interval_start) AS start_us, UNIX_MICROS(l.interval_end) AS end_us
  FROM due AS d
  JOIN `${project_id}.${dataset}.loads` AS l
    ON d.table_name = l.table_name AND d.mode = l.mode
  WHERE l.is_live
  UNION ALL
  SELECT d.*, due_until AS start_us, due_until AS end_us  -- Here the last gap ends.
  FROM due AS d
),
holes AS (  -- Before each interval, from where those that start earlier have reached.
  SELECT
    table_name,
    mode,
    length,
    settle,
    GREATEST(
      due_from,
      IFNULL(
        MAX(end_us) OVER (
          PARTITION BY table_name, mode
          ORDER BY start_us
          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        due_from
      )
    ) AS start_us,
    LEAST(start_us, due_until) AS end_us
  FROM covered
)
SELECT
  table_name,
  mode,
  TIMESTAMP_MICROS(start_us) AS gap_start,
  TIMESTAMP_MICROS(end_us) AS gap_end,
  TIMESTAMP_MICROS(DIV(start_us, length) * length + length + settle) AS due_since
FROM holes
WHERE start_us < end_us
