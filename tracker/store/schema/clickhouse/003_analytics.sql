-- needs: 24.8
-- What analysts see: deduplicated, so that a plain count() is right; shoppers and browsers only as hashes. The views read
-- the base tables with our rights: an analyst needs (and gets) SELECT on analytics alone.
CREATE DATABASE IF NOT EXISTS analytics;

CREATE OR REPLACE VIEW analytics.clicks DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    click_id,
    partner_id,
    clicked_at,
    toDate(clicked_at, 'Europe/Moscow') AS day,
    outcome,
    -- What is counted: a person was sent on. A data centre's address is only a flag: shoppers on a VPN are real.
    toUInt8(outcome = 'go' AND NOT arrayExists(code -> code != 'datacenter', traffic)) AS valid,
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
    browser_family,
    browser_version,
    os_family,
    user_agent_hash,
    address_hash,
    address_net,
    referer_host,
    request_id
FROM tracker.clicks FINAL;

CREATE OR REPLACE VIEW analytics.postbacks DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    postback_id,
    version,
    received_at,
    toDate(received_at, 'Europe/Moscow') AS day,
    partner_id,
    dialect,
    method,
    query,
    order_id,
    line_id,
    click_id,
    verdict,
    reasons,
    http_status,
    address_hash,
    request_id
FROM tracker.postbacks FINAL;

CREATE OR REPLACE VIEW analytics.conversion_revisions DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    partner_id,
    order_id,
    revision,
    revised_at,
    postback_id,
    click_id,
    if(clicked_at_us = 0, NULL, toDateTime(intDiv(clicked_at_us, 1000000), 'UTC')) AS clicked_at,
    shopper_hash,
    terms_version,
    surface,
    device,
    status,
    hold,
    settled,
    origin,
    base,
    rate,
    accrual,
    cashback,
    cashback_change,
    commission,
    currency,
    promo_code,
    reasons,
    flags,
    if(ordered_at_us = 0, NULL, toDateTime(intDiv(ordered_at_us, 1000000), 'UTC')) AS ordered_at,
    toDateTime(intDiv(first_seen_at_us, 1000000), 'UTC') AS first_seen_at,
    if(confirmed_at_us = 0, NULL, toDateTime(intDiv(confirmed_at_us, 1000000), 'UTC')) AS confirmed_at,
    if(confirm_by_us = 0, NULL, toDateTime(intDiv(confirm_by_us, 1000000), 'UTC')) AS confirm_by
FROM tracker.conversion_revisions FINAL;

CREATE OR REPLACE VIEW analytics.conversions DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    *,
    toDate(ifNull(clicked_at, first_seen_at), 'Europe/Moscow') AS day
FROM analytics.conversion_revisions
WHERE (partner_id, order_id, revision) IN (
    SELECT partner_id, order_id, max(revision) FROM tracker.conversion_revisions GROUP BY partner_id, order_id
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
WHERE (partner_id, order_id, revision) IN (
    SELECT partner_id, order_id, max(revision) FROM tracker.conversion_revisions GROUP BY partner_id, order_id
);

CREATE OR REPLACE VIEW analytics.refusals DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    day,
    partner_id,
    arrayJoin(reasons) AS reason,
    order_id,
    click_id,
    shopper_hash,
    status,
    origin,
    surface,
    device,
    base,
    revised_at
FROM analytics.conversions;

CREATE OR REPLACE VIEW analytics.confirmation_times DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    partner_id,
    order_id,
    day,
    clicked_at,
    ordered_at,
    assumeNotNull(c.confirmed_at) AS confirmed_at,
    intDiv(dateDiff('second', clicked_at, c.confirmed_at), 3600) AS hours_from_click,
    intDiv(dateDiff('second', ordered_at, c.confirmed_at), 3600) AS hours_from_order
FROM analytics.conversions AS c
WHERE isNotNull(c.confirmed_at);

CREATE OR REPLACE VIEW analytics.origin_exceptions DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    day,
    partner_id,
    order_id,
    origin,
    status,
    base,
    cashback,
    click_id,
    shopper_hash,
    device,
    surface,
    ordered_at,
    revised_at
FROM analytics.conversions
WHERE origin IN ('app', 'mobile_web') AND cashback > 0;

CREATE OR REPLACE VIEW analytics.partner_daily DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    partner_id,
    day,
    sum(click) AS clicks,
    sum(valid_click) AS valid_clicks,
    sum(conversion) AS conversions,
    sum(unmatched_conversion) AS unmatched,
    sum(approved_conversion) AS approved,
    sum(declined_conversion) AS declined,
    if(valid_clicks = 0, NULL, toDecimal128(conversions, 6) / greatest(valid_clicks, 1)) AS cr,
    if(valid_clicks = 0, NULL, toDecimal128(commission, 4) / greatest(valid_clicks, 1)) AS epc,
    sum(rubles_of_cashback) AS cashback,
    sum(rubles_of_cashback * approved_conversion) AS cashback_approved,
    sum(rubles_of_commission) AS commission,
    sum(rubles_of_commission * approved_conversion) AS commission_approved,
    sum(rubles_of_unmatched) AS commission_unmatched
FROM (
    SELECT
        partner_id,
        day,
        1 AS click,
        valid AS valid_click,
        0 AS conversion,
        0 AS unmatched_conversion,
        0 AS approved_conversion,
        0 AS declined_conversion,
        toInt64(0) AS rubles_of_cashback,
        toDecimal64(0, 4) AS rubles_of_commission,
        toDecimal64(0, 4) AS rubles_of_unmatched
    FROM analytics.clicks
    UNION ALL
    SELECT
        partner_id,
        day,
        0,
        0,
        isNotNull(clicked_at),
        isNull(clicked_at),
        status = 'approved',
        status = 'declined',
        cashback,
        if(isNull(clicked_at), toDecimal64(0, 4), rubles),
        if(isNull(clicked_at), rubles, toDecimal64(0, 4))
    FROM (
        SELECT
            *,
            -- Declined orders bring nothing; other currencies have no rubles without a dated rate.
            if(status = 'declined' OR currency NOT IN ('', 'RUB'), toDecimal64(0, 4), ifNull(commission, toDecimal64(0, 4)))
                AS rubles
        FROM analytics.conversions
    )
)
GROUP BY partner_id, day;
