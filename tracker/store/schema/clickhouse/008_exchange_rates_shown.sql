-- needs: 24.8
-- The views of 003 and 007 with the exchange rates, and with commissions in rubles by them.
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
    if(confirm_by_us = 0, NULL, toDateTime(intDiv(confirm_by_us, 1000000), 'UTC')) AS confirm_by,
    exchange_rate,
    if(exchange_day = '', NULL, toDate(exchange_day)) AS exchange_day
FROM tracker.conversion_revisions FINAL;

CREATE OR REPLACE VIEW analytics.conversions DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    *,
    toDate(ifNull(clicked_at, first_seen_at), 'Europe/Moscow') AS day
FROM analytics.conversion_revisions
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
    -- Whoever is stopped and goes on all the same clicks once more.
    WHERE outcome != 'stopped'
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
            -- Declined orders bring nothing; other currencies have no rubles without the rate of their day.
            if(currency IN ('', 'RUB'), toDecimal128(1, 12), exchange_rate) AS rubles_per_unit,
            if(status = 'declined', toDecimal64(0, 4), toDecimal64(ifNull(commission * rubles_per_unit, 0), 4)) AS rubles
        FROM analytics.conversions
    )
)
GROUP BY partner_id, day;
