-- needs: 24.8
-- The views of 010 over what 011_counted_months stores. Those in `tracker` are parts of them that analysts do not see.
-- A month is counted while its clicks are the one part that was counted: after a late click, or one that was erased, the facts
-- themselves answer again until upkeep has counted anew.
CREATE OR REPLACE VIEW tracker.counted_months DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    toUInt32(partition) AS month,
    any(hash_of_all_files) AS part
FROM system.parts
WHERE database = 'tracker' AND table = 'clicks' AND active
GROUP BY partition
HAVING count() = 1 AND part IN (SELECT part FROM tracker.counted_parts);

CREATE OR REPLACE VIEW tracker.clicks_by_day DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    month,
    -- Clicks by the million are counted by a number and a day: by the name itself it takes twice as long.
    CAST(any(partner_id), 'String') AS partner_id,
    day,
    count() AS clicks,
    sum(valid) AS valid_clicks
FROM (
    SELECT
        toYYYYMM(clicked_at) AS month,
        partner_id,
        toDate(clicked_at, 'Europe/Moscow') AS day,
        valid,
        materialize(CAST(sipHash64(partner_id), 'UInt64')) AS number
    FROM tracker.clicks FINAL
    -- Whoever is stopped and goes on all the same clicks once more.
    WHERE outcome != 'stopped'
)
GROUP BY number, day, month;

-- Which months are counted is asked once, and told to both halves: a month is never in both, nor in none.
CREATE OR REPLACE VIEW tracker.clicks_daily DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH (SELECT (groupArray(month), groupArray(part)) FROM tracker.counted_months) AS counted
SELECT partner_id, day, clicks, valid_clicks FROM tracker.clicks_by_day WHERE NOT has(counted.1, month)
UNION ALL
SELECT partner_id, day, clicks, valid_clicks FROM tracker.counted_clicks WHERE has(counted.2, part);

CREATE OR REPLACE VIEW tracker.page_checks DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    toYYYYMM(clicked_at) AS month,
    toDate(clicked_at, 'Europe/Moscow') AS day,
    clicked_at AS at,
    partner_id,
    click_id,
    check,
    finding,
    confidence,
    evidence,
    milliseconds,
    script,
    outcome,
    refused,
    if(browser_id = '', 0, sipHash64(browser_id)) AS browser_hash,
    browser_family,
    browser_version,
    os_family,
    device,
    surface
FROM tracker.clicks FINAL
-- Side by side and not as one array of tuples: columns that nobody asks for are then not read.
ARRAY JOIN
    check_names AS check,
    check_findings AS finding,
    check_confidences AS confidence,
    check_evidence AS evidence,
    check_ms AS milliseconds,
    check_refused AS refused
WHERE script != '';

CREATE OR REPLACE VIEW analytics.check_daily DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
WITH (SELECT (groupArray(month), groupArray(part)) FROM tracker.counted_months) AS counted
SELECT
    day,
    check,
    finding,
    confidence,
    outcome,
    refused,
    script,
    browser_family,
    browser_version,
    os_family,
    device,
    surface,
    toUInt64(1) AS asked
FROM tracker.page_checks
WHERE NOT has(counted.1, month)
UNION ALL
SELECT
    day,
    check,
    finding,
    confidence,
    outcome,
    refused,
    script,
    browser_family,
    browser_version,
    os_family,
    device,
    surface,
    asked
FROM tracker.counted_checks
WHERE has(counted.2, part);

CREATE OR REPLACE VIEW analytics.check_outcomes DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    day,
    at,
    toLowCardinality('page') AS place,
    partner_id,
    click_id,
    check,
    finding,
    confidence,
    evidence,
    milliseconds,
    script,
    outcome,
    refused,
    browser_hash,
    browser_family,
    browser_version,
    os_family,
    device,
    surface
FROM tracker.page_checks
UNION ALL
SELECT
    toDate(reported_at, 'Europe/Moscow'),
    reported_at,
    concat('tag_', kind),
    toLowCardinality(partner_id),
    if(click_id = '', cookie_click_id, click_id),
    -- A column is what both halves are: one that were only texts here would be written out for each check of a page.
    toLowCardinality(check),
    toLowCardinality(finding),
    toLowCardinality(confidence),
    evidence,
    milliseconds,
    script,
    toLowCardinality(''),
    toUInt8(0),
    toUInt64(0),
    browser_family,
    browser_version,
    os_family,
    device,
    toLowCardinality('')
FROM tracker.tag_reports FINAL
ARRAY JOIN
    arrayPushBack(check_names, 'tab') AS check,
    arrayPushBack(check_findings, tab) AS finding,
    arrayPushBack(check_confidences, '') AS confidence,
    arrayPushBack(check_evidence, '') AS evidence,
    arrayPushBack(check_ms, 0) AS milliseconds
-- A view is reported at once, and again within a minute when the slower checks are through: that is the one row.
WHERE final OR NOT (
    page_view IN (SELECT page_view FROM tracker.tag_reports WHERE final)
    OR page_view + toUInt64(1) IN (SELECT page_view FROM tracker.tag_reports WHERE final)
);

CREATE OR REPLACE VIEW analytics.conversion_lines DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    partner_id,
    order_id,
    revision,
    revised_at,
    line_id,
    status,
    goods,
    currency,
    tariff,
    commission,
    rate,
    accrual
FROM tracker.conversion_lines FINAL
WHERE bitXor(order_key, revision) IN (
    SELECT bitXor(order_key, max(revision)) FROM tracker.conversion_revisions GROUP BY order_key
);

CREATE OR REPLACE VIEW analytics.partner_daily DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    partner_id,
    day,
    sum(all_clicks) AS clicks,
    sum(all_valid) AS valid_clicks,
    sum(all_conversions) AS conversions,
    sum(all_unmatched) AS unmatched,
    sum(all_approved) AS approved,
    sum(all_declined) AS declined,
    if(valid_clicks = 0, NULL, toDecimal128(conversions, 6) / greatest(valid_clicks, 1)) AS cr,
    if(valid_clicks = 0, NULL, toDecimal128(commission, 4) / greatest(valid_clicks, 1)) AS epc,
    sum(all_cashback) AS cashback,
    sum(approved_cashback) AS cashback_approved,
    sum(all_commission) AS commission,
    sum(approved_commission) AS commission_approved,
    sum(unmatched_commission) AS commission_unmatched
FROM (
    SELECT
        partner_id,
        day,
        clicks AS all_clicks,
        valid_clicks AS all_valid,
        toUInt64(0) AS all_conversions,
        toUInt64(0) AS all_unmatched,
        toUInt64(0) AS all_approved,
        toUInt64(0) AS all_declined,
        toInt64(0) AS all_cashback,
        toInt64(0) AS approved_cashback,
        toDecimal128(0, 4) AS all_commission,
        toDecimal128(0, 4) AS approved_commission,
        toDecimal128(0, 4) AS unmatched_commission
    FROM tracker.clicks_daily
    UNION ALL
    SELECT
        partner_id,
        day,
        0,
        0,
        countIf(isNotNull(clicked_at)),
        countIf(isNull(clicked_at)),
        countIf(status = 'approved'),
        countIf(status = 'declined'),
        sum(cashback),
        sumIf(cashback, status = 'approved'),
        sumIf(rubles, isNotNull(clicked_at)),
        sumIf(rubles, isNotNull(clicked_at) AND status = 'approved'),
        sumIf(rubles, isNull(clicked_at))
    FROM (
        SELECT
            *,
            -- Declined orders bring nothing; other currencies have no rubles without the rate of their day.
            if(currency IN ('', 'RUB'), toDecimal128(1, 12), exchange_rate) AS rubles_per_unit,
            if(status = 'declined', toDecimal64(0, 4), toDecimal64(ifNull(commission * rubles_per_unit, 0), 4)) AS rubles
        FROM analytics.conversions
    )
    GROUP BY partner_id, day
)
GROUP BY partner_id, day;
