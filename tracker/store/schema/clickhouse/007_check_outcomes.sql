-- needs: 24.8
-- What analysts see of the checks and the tag. `clicks` and `partner_daily` are those of 003 and what is new in them.
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

CREATE OR REPLACE VIEW analytics.tag_reports DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    report_id,
    reported_at,
    toDate(reported_at, 'Europe/Moscow') AS day,
    partner_id,
    kind,
    final,
    click_id,
    cookie_click_id,
    order_id,
    tab,
    arrayFilter((name, finding) -> finding = 'found', check_names, check_findings) AS checks_found,
    arrayMap((name, finding, confidence) -> concat(name, ':', finding, ':', confidence),
        check_names, check_findings, check_confidences) AS checks,
    check_evidence,
    check_ms,
    script,
    device,
    browser_family,
    browser_version,
    os_family,
    user_agent_hash,
    address_hash,
    request_id
FROM tracker.tag_reports FINAL;

CREATE OR REPLACE VIEW analytics.check_outcomes DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    toDate(asked_at, 'Europe/Moscow') AS day,
    asked_at AS at,
    place,
    partner_id,
    click_id,
    result.1 AS check,
    result.2 AS finding,
    result.3 AS confidence,
    result.4 AS evidence,
    result.5 AS milliseconds,
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
        'page' AS place,
        partner_id,
        click_id,
        arrayJoin(arrayZip(check_names, check_findings, check_confidences, check_evidence, check_ms)) AS result,
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
    WHERE script != ''
    UNION ALL
    SELECT
        reported_at,
        concat('tag_', kind),
        partner_id,
        if(click_id = '', cookie_click_id, click_id),
        arrayJoin(arrayConcat(
            arrayZip(check_names, check_findings, check_confidences, check_evidence, check_ms),
            [('tab', tab, '', '', toUInt32(0))]
        )),
        script,
        '',
        [],
        toUInt64(0),
        browser_family,
        browser_version,
        os_family,
        device,
        ''
    FROM (
        SELECT
            *,
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
            -- Declined orders bring nothing; other currencies have no rubles without a dated rate.
            if(status = 'declined' OR currency NOT IN ('', 'RUB'), toDecimal64(0, 4), ifNull(commission, toDecimal64(0, 4)))
                AS rubles
        FROM analytics.conversions
    )
)
GROUP BY partner_id, day;
