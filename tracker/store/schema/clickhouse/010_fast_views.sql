-- needs: 24.8
-- The views of 007 and 008 over the columns of 010_clicks_as_numbers, each with less to do (docs/performance.md).
CREATE OR REPLACE VIEW analytics.clicks DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    click_id,
    partner_id,
    clicked_at,
    toDate(clicked_at, 'Europe/Moscow') AS day,
    outcome,
    valid,
    shopper_hash,
    if(browser_id = '', 0, sipHash64(browser_id)) AS browser_hash,
    surface,
    device,
    banner,
    deep_link,
    terms_version,
    rate,
    traffic,
    refusals,
    arrayFilter((name, finding) -> finding = 'found', check_names, check_findings) AS checks_found,
    arrayMap((name, finding, confidence) -> concat(name, ':', finding, ':', confidence),
        check_names, check_findings, check_confidences) AS checks,
    check_evidence,
    check_ms,
    script,
    supersedes,
    toUInt8(click_id IN (SELECT arrayJoin(supersedes) FROM tracker.clicks WHERE notEmpty(supersedes))) AS superseded,
    browser_family,
    browser_version,
    os_family,
    user_agent_hash,
    address_hash,
    address_net,
    referer_host,
    request_id
FROM tracker.clicks FINAL;

CREATE OR REPLACE VIEW analytics.check_outcomes DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    toDate(asked_at, 'Europe/Moscow') AS day,
    asked_at AS at,
    place,
    partner_id,
    click_id,
    check,
    finding,
    confidence,
    evidence,
    milliseconds,
    script,
    outcome,
    toUInt8(finding = 'found' AND has(refusals, if(check = 'cookies', 'cookies_blocked', check))) AS refused,
    browser_hash,
    browser_family,
    browser_version,
    os_family,
    device,
    surface
FROM (
    SELECT
        clicked_at AS asked_at,
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
        refusals,
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
        check_ms AS milliseconds
    WHERE script != ''
    UNION ALL
    SELECT
        reported_at,
        concat('tag_', kind),
        toLowCardinality(partner_id),
        if(click_id = '', cookie_click_id, click_id),
        result.1,
        result.2,
        result.3,
        result.4,
        result.5,
        script,
        toLowCardinality(''),
        CAST([], 'Array(LowCardinality(String))'),
        toUInt64(0),
        browser_family,
        browser_version,
        os_family,
        device,
        toLowCardinality('')
    FROM (
        SELECT
            *,
            arrayJoin(arrayConcat(
                arrayZip(check_names, check_findings, check_confidences, check_evidence, check_ms),
                [(toLowCardinality('tab'), tab, toLowCardinality(''), '', toUInt32(0))]
            )) AS result,
            sipHash64(partner_id, kind, click_id, order_id, user_agent_hash, address_hash) AS page_view,
            toUInt32(intDiv(toUnixTimestamp(reported_at), 60)) AS minute
        FROM tracker.tag_reports FINAL
    )
    -- A view is reported at once, and again within a minute when the slower checks are through: that is the one row.
    WHERE final OR NOT ((page_view, minute) IN (
        SELECT
            sipHash64(partner_id, kind, click_id, order_id, user_agent_hash, address_hash),
            toUInt32(intDiv(toUnixTimestamp(reported_at), 60) - arrayJoin([0, 1]))
        FROM tracker.tag_reports
        WHERE final
    ))
);

-- The last revision of each order, read from the table's end in its own order: nothing of it is held in memory, and a question
-- about one order reads that order.
CREATE OR REPLACE VIEW analytics.conversions DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    *,
    toDate(ifNull(clicked_at, first_seen_at), 'Europe/Moscow') AS day
FROM analytics.conversion_revisions
ORDER BY partner_id DESC, order_id DESC, revision DESC
LIMIT 1 BY partner_id, order_id;

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
        -- Clicks by the million are counted by a number and a day: by the name itself it takes twice as long.
        CAST(any(partner_id), 'String') AS partner_id,
        day,
        count() AS all_clicks,
        sum(valid) AS all_valid,
        toUInt64(0) AS all_conversions,
        toUInt64(0) AS all_unmatched,
        toUInt64(0) AS all_approved,
        toUInt64(0) AS all_declined,
        toInt64(0) AS all_cashback,
        toInt64(0) AS approved_cashback,
        toDecimal128(0, 4) AS all_commission,
        toDecimal128(0, 4) AS approved_commission,
        toDecimal128(0, 4) AS unmatched_commission
    FROM (
        SELECT
            partner_id,
            toDate(clicked_at, 'Europe/Moscow') AS day,
            valid,
            materialize(CAST(sipHash64(partner_id), 'UInt64')) AS number
        FROM tracker.clicks FINAL
        -- Whoever is stopped and goes on all the same clicks once more.
        WHERE outcome != 'stopped'
    )
    GROUP BY number, day
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
