-- What the checks saw of a browser, and what the tag saw on the shop's own pages. Clicks from before have no evidence.
ALTER TABLE tracker.clicks ADD COLUMN check_evidence Array(String) DEFAULT arrayMap(name -> '', check_names);
ALTER TABLE tracker.clicks ADD COLUMN check_ms Array(UInt32) DEFAULT arrayMap(name -> toUInt32(0), check_names);
ALTER TABLE tracker.clicks ADD COLUMN supersedes Array(String);
ALTER TABLE tracker.clicks ADD COLUMN script String;

-- A report that the tag sends again is the same one, received later: of the time only the day is in the sorting key.
CREATE TABLE IF NOT EXISTS tracker.tag_reports (
    report_id String,
    reported_at DateTime('UTC'),
    reported_at_us Int64,
    partner_id String,
    kind String,
    click_id String,
    cookie_click_id String,
    order_id String,
    tab String,
    check_names Array(String),
    check_findings Array(String),
    check_confidences Array(String),
    check_evidence Array(String),
    check_ms Array(UInt32),
    script String,
    device String,
    browser_family String,
    browser_version String,
    os_family String,
    user_agent_hash UInt64,
    address_hash UInt64,
    request_id String,
    final UInt8
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(reported_at) ORDER BY (partner_id, toDate(reported_at), report_id);
