-- October 2026: {clicks} clicks, even over the month, of a million shoppers at 200 shops, and what came of them.
-- name: clicks
INSERT INTO tracker.clicks (
    click_id, partner_id, clicked_at, clicked_at_us, outcome, shopper_id, shopper_hash, browser_id, surface, device, banner,
    deep_link, terms_version, rate, traffic, refusals, check_names, check_findings, check_confidences, check_evidence, check_ms,
    browser_family, browser_version, os_family, user_agent_hash, address_hash, address_net, referer_host, request_id,
    supersedes, script
)
WITH
    cityHash64(number) AS mixed,
    mixed % 1000000 AS shopper,
    cityHash64(shopper) AS browser,
    intDiv(number * 2678400000000, {clicks}) + 1790812800000000 AS at,
    mixed % 100 < 60 AS asked,
    multiIf(mixed % 1000 < 900, 'go', mixed % 1000 < 940, 'stopped', mixed % 1000 < 990, 'plain', 'again') AS fate,
    ['ad_blocker', 'cookies', 'private_mode', 'second_tab'] AS names
SELECT
    concat('s', substring(lower(hex(sipHash128(number))), 1, 29)),
    concat('partner-', toString(toUInt32(200 * pow((mixed % 10007) / 10007, 2)))),
    toDateTime(intDiv(at, 1000000), 'UTC'),
    at,
    fate,
    concat('shop', leftPad(toString(shopper), 8, '0')),
    cityHash64('shopper', shopper),
    substring(lower(hex(sipHash128(shopper))), 1, 20),
    if(mixed % 5 = 0, 'app', 'site'),
    if(browser % 2 = 0, 'desktop', 'phone'),
    concat('banner-', toString(mixed % 40)),
    if(mixed % 4 = 0, concat('https://shop.example/item-', toString(mixed % 100000)), ''),
    substring(lower(hex(sipHash128(mixed % 200))), 1, 16),
    toDecimal64(0.05, 8),
    multiIf(fate = 'plain', ['bot_ua'], mixed % 53 = 0, ['repeat'], mixed % 59 = 0, ['datacenter'], []),
    if(mixed % 41 = 0, ['partner_app'], []),
    names,
    multiIf(fate = 'stopped', ['found', 'ok', 'ok', 'ok'], mixed % 37 = 0, ['ok', 'ok', 'found', 'ok'], asked, ['ok', 'ok', 'ok', 'ok'],
        ['ok', 'ok', 'unknown', 'unknown']),
    ['high', 'high', 'medium', 'high'],
    if(asked, ['script:ok fetch:ok', 'kept', concat('quota:', toString(browser % 100)), 'alone'], ['', '', '', '']),
    if(asked, [toUInt32(40 + mixed % 60), 1, toUInt32(100 + mixed % 200), 20], [0, 0, 0, 0]),
    ['Yandex Browser', 'Chrome', 'Firefox', 'Mobile Safari', 'Edge'][1 + browser % 5],
    concat(toString(120 + browser % 25), '.0.0'),
    ['Windows', 'Android', 'iOS', 'Linux'][1 + browser % 4],
    cityHash64(browser % 5000),
    browser,
    concat('203.0.', toString(browser % 250), '.0/24'),
    'programme.example',
    lower(hex(mixed)),
    if(mixed % 197 = 0, [concat('s', substring(lower(hex(sipHash128(number - 40))), 1, 29))], []),
    if(asked, 'page-1', '')
FROM numbers({first}, {count});

-- One click in 33 becomes an order: first pending; after some days it is approved, declined or approved for less.
-- name: conversion_revisions
INSERT INTO tracker.conversion_revisions (
    partner_id, order_id, revision, revised_at, revised_at_us, postback_id, click_id, clicked_at_us, shopper_id, shopper_hash,
    terms_version, surface, device, status, hold, settled, origin, base, rate, accrual, cashback, cashback_change, commission,
    currency, promo_code, reasons, flags, ordered_at_us, first_seen_at_us, confirmed_at_us, confirm_by_us, exchange_rate,
    exchange_day
)
WITH
    cityHash64(click_id) AS mixed,
    least(clicked_at_us + 3600000000 + (turn - 1) * 86400000000 * (1 + mixed % 20), 1793491199000000) AS at,
    multiIf(turn = 1, 'pending', mixed % 10 = 0, 'declined', 'approved') AS state,
    toInt64(mixed % 30 != 0) * (10 + mixed % 400) AS rubles
SELECT
    partner_id, concat('order-', toString(mixed % 1000000000000)), turn, toDateTime(intDiv(at, 1000000), 'UTC'), at,
    concat('019abc-', toString(mixed), '-', toString(turn)), click_id, clicked_at_us, shopper_id, shopper_hash, terms_version,
    surface, device, state, 0, state = 'approved', if(mixed % 9 = 0, 'mobile_web', 'web'), toDecimal128(rubles * 20, 4),
    toDecimal64(0.05, 8), toDecimal128(rubles, 4), if(state = 'declined', 0, rubles), if(turn = 1, rubles, 0), toDecimal64(rubles * 2, 4),
    'RUB', '', multiIf(rubles = 0, ['partner_app'], state = 'declined', ['below_minimum'], []), [], clicked_at_us + 1800000000,
    clicked_at_us + 3600000000, if(turn = 1, 0, at), clicked_at_us + 7776000000000, NULL, ''
FROM tracker.clicks
ARRAY JOIN [toUInt32(1), toUInt32(2)] AS turn
WHERE outcome = 'go' AND mixed % 33 = 0;

-- name: conversion_lines
INSERT INTO tracker.conversion_lines (
    partner_id, order_id, revision, revised_at, line_id, status, goods, currency, tariff, commission, rate, accrual
)
SELECT partner_id, order_id, revision, revised_at, toString(line), status, base, 'RUB', '', commission, rate, accrual
FROM tracker.conversion_revisions
ARRAY JOIN range(1, 2 + cityHash64(order_id) % 2) AS line;

-- Each revision's message, and a duplicate of every third.
-- name: postbacks
INSERT INTO tracker.postbacks (
    postback_id, version, received_at, received_at_us, partner_id, dialect, method, query, order_id, line_id, click_id, verdict,
    reasons, http_status, address_hash, request_id
)
SELECT
    concat(postback_id, if(again = 1, '-again', '')), 1, revised_at, revised_at_us, partner_id, 'generic', 'GET',
    concat('order_id=', order_id, '&click_id=', click_id, '&status=', status, '&amount=', toString(base)), order_id, '', click_id,
    if(again = 1, 'duplicate', 'decided'), reasons, 200, 7, lower(hex(cityHash64(postback_id)))
FROM tracker.conversion_revisions
ARRAY JOIN if(cityHash64(order_id) % 3 = 0, [0, 1], [0]) AS again;

-- One shop in ten has our tag: a report of the landing, quick and final.
-- name: tag_reports
INSERT INTO tracker.tag_reports (
    report_id, reported_at, reported_at_us, partner_id, kind, click_id, cookie_click_id, order_id, tab, check_names, check_findings,
    check_confidences, check_evidence, check_ms, script, device, browser_family, browser_version, os_family, user_agent_hash,
    address_hash, request_id, final
)
SELECT
    concat('r', click_id, toString(last)), clicked_at, clicked_at_us, partner_id, 'landing', click_id, click_id, '', 'same_tab',
    ['ad_blocker', 'cookies'], ['ok', 'ok'], ['high', 'high'], ['script:ok fetch:ok', 'kept'], [60, 1], 'tag-1', device,
    browser_family, browser_version, os_family, user_agent_hash, address_hash, request_id, last
FROM tracker.clicks
ARRAY JOIN [toUInt8(0), toUInt8(1)] AS last
WHERE outcome = 'go' AND partner_id LIKE '%7';

-- name: reconciliation_lines
INSERT INTO tracker.reconciliation_lines (
    reconciliation_id, reconciled_at, reconciled_at_us, partner_id, file_name, order_id, kinds, causes, codes, their_status,
    our_status, their_goods, our_goods, currency, difference, cashback_change, click_id, ordered_at_us
)
SELECT
    concat('run-', partner_id), revised_at, revised_at_us, partner_id, 'october.csv', order_id, ['amount'], ['return'], [],
    'approved', status, toDecimal128(base - 100, 12), toDecimal128(base, 12), 'RUB', toDecimal128(-100, 12), -5, click_id,
    ordered_at_us
FROM tracker.conversion_revisions
WHERE revision = 2 AND cityHash64(order_id) % 20 = 0;
