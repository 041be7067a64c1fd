-- Base tables: every fact once and for ever, read by us alone. Only what the oldest server (18.16) also knows.
-- A fact may be inserted twice: the sorting key is its id and its own time, so that the two become one. Every column of the
-- sorting and the partition key must be a function of the fact: never the time of the insert.
CREATE DATABASE IF NOT EXISTS tracker;

CREATE TABLE IF NOT EXISTS tracker.clicks (
    click_id String,
    partner_id String,
    clicked_at DateTime('UTC'),
    clicked_at_us Int64,
    outcome String,
    shopper_id String,
    shopper_hash UInt64,
    browser_id String,
    surface String,
    device String,
    banner String,
    deep_link String,
    terms_version String,
    rate Nullable(Decimal(18, 8)),
    traffic Array(String),
    refusals Array(String),
    check_names Array(String),
    check_findings Array(String),
    check_confidences Array(String),
    browser_family String,
    browser_version String,
    os_family String,
    user_agent_hash UInt64,
    address_hash UInt64,
    address_net String,
    referer_host String,
    request_id String
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(clicked_at) ORDER BY (clicked_at, click_id);

CREATE TABLE IF NOT EXISTS tracker.postbacks (
    postback_id String,
    version UInt32,
    received_at DateTime('UTC'),
    received_at_us Int64,
    partner_id String,
    dialect String,
    method String,
    query String,
    order_id String,
    line_id String,
    click_id String,
    verdict String,
    reasons Array(String),
    http_status UInt16,
    address_hash UInt64,
    request_id String
) ENGINE = ReplacingMergeTree(version) PARTITION BY toYYYYMM(received_at) ORDER BY (received_at, postback_id);

CREATE TABLE IF NOT EXISTS tracker.conversion_revisions (
    partner_id String,
    order_id String,
    revision UInt32,
    revised_at DateTime('UTC'),
    revised_at_us Int64,
    postback_id String,
    click_id String,
    clicked_at_us Int64,
    shopper_id String,
    shopper_hash UInt64,
    terms_version String,
    surface String,
    device String,
    status String,
    hold UInt8,
    settled UInt8,
    origin String,
    base Decimal(18, 4),
    rate Nullable(Decimal(18, 8)),
    accrual Decimal(38, 12),
    cashback Int64,
    cashback_change Int64,
    commission Nullable(Decimal(18, 4)),
    currency String,
    promo_code String,
    reasons Array(String),
    flags Array(String),
    ordered_at_us Int64,
    first_seen_at_us Int64,
    confirmed_at_us Int64,
    confirm_by_us Int64
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(revised_at) ORDER BY (partner_id, order_id, revision);

CREATE TABLE IF NOT EXISTS tracker.conversion_lines (
    partner_id String,
    order_id String,
    revision UInt32,
    revised_at DateTime('UTC'),
    line_id String,
    status String,
    goods Nullable(Decimal(18, 4)),
    currency String,
    tariff String,
    commission Nullable(Decimal(18, 4)),
    rate Nullable(Decimal(18, 8)),
    accrual Decimal(38, 12)
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(revised_at) ORDER BY (partner_id, order_id, revision, line_id);
