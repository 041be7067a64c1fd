-- needs: 24.8
-- Views over a month of many clicks, again (docs/performance.md). What a view would find out about each row is stored with it.
ALTER TABLE tracker.clicks ADD COLUMN check_refused Array(UInt8) MATERIALIZED arrayMap(
    (name, finding) -> toUInt8(finding = 'found' AND has(refusals, if(name = 'cookies', 'cookies_blocked', name))),
    check_names, check_findings
);
-- Who looks at which page in which minute, as a number: the next number is the minute after it.
ALTER TABLE tracker.tag_reports ADD COLUMN page_view UInt64
    MATERIALIZED sipHash64(partner_id, kind, click_id, order_id, user_agent_hash, address_hash)
        + intDiv(toUnixTimestamp(reported_at), 60);
ALTER TABLE tracker.conversion_revisions ADD COLUMN order_key UInt128
    MATERIALIZED reinterpretAsUInt128(sipHash128(partner_id, order_id));
ALTER TABLE tracker.conversion_lines ADD COLUMN order_key UInt128
    MATERIALIZED reinterpretAsUInt128(sipHash128(partner_id, order_id));

-- What the clicks of a month that is over count, by the hash of the one part that they were merged into. Upkeep counts
-- (warehouse/counted_months.py), and names a part here when all of its counts are there. A file that changes what is counted
-- empties `counted_parts`.
CREATE TABLE IF NOT EXISTS tracker.counted_parts (part String, month UInt32) ENGINE = MergeTree() PARTITION BY part ORDER BY (part);
CREATE TABLE IF NOT EXISTS tracker.counted_clicks (
    part String,
    month UInt32,
    partner_id String,
    day Date,
    clicks UInt64,
    valid_clicks UInt64
) ENGINE = MergeTree() PARTITION BY part ORDER BY (day, partner_id);
CREATE TABLE IF NOT EXISTS tracker.counted_checks (
    part String,
    month UInt32,
    day Date,
    check LowCardinality(String),
    finding LowCardinality(String),
    confidence LowCardinality(String),
    outcome LowCardinality(String),
    refused UInt8,
    script LowCardinality(String),
    browser_family LowCardinality(String),
    browser_version LowCardinality(String),
    os_family LowCardinality(String),
    device LowCardinality(String),
    surface LowCardinality(String),
    asked UInt64
) ENGINE = MergeTree() PARTITION BY part ORDER BY (day, check, finding);
-- As 002: a part must not be named while its counts are not on disk.
ALTER TABLE tracker.counted_parts MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE tracker.counted_clicks MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE tracker.counted_checks MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
