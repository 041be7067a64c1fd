-- needs: 24.8
-- Views over a month of many clicks (docs/performance.md). Words that repeat are stored, read and grouped as numbers; what a
-- table is sorted by stays as it is.
ALTER TABLE tracker.clicks MODIFY COLUMN partner_id LowCardinality(String),
    MODIFY COLUMN outcome LowCardinality(String),
    MODIFY COLUMN surface LowCardinality(String),
    MODIFY COLUMN device LowCardinality(String),
    MODIFY COLUMN banner LowCardinality(String),
    MODIFY COLUMN terms_version LowCardinality(String),
    MODIFY COLUMN traffic Array(LowCardinality(String)),
    MODIFY COLUMN refusals Array(LowCardinality(String)),
    MODIFY COLUMN check_names Array(LowCardinality(String)),
    MODIFY COLUMN check_findings Array(LowCardinality(String)),
    MODIFY COLUMN check_confidences Array(LowCardinality(String)),
    MODIFY COLUMN browser_family LowCardinality(String),
    MODIFY COLUMN browser_version LowCardinality(String),
    MODIFY COLUMN os_family LowCardinality(String),
    MODIFY COLUMN referer_host LowCardinality(String),
    MODIFY COLUMN script LowCardinality(String);
ALTER TABLE tracker.tag_reports MODIFY COLUMN kind LowCardinality(String),
    MODIFY COLUMN tab LowCardinality(String),
    MODIFY COLUMN check_names Array(LowCardinality(String)),
    MODIFY COLUMN check_findings Array(LowCardinality(String)),
    MODIFY COLUMN check_confidences Array(LowCardinality(String)),
    MODIFY COLUMN script LowCardinality(String),
    MODIFY COLUMN device LowCardinality(String),
    MODIFY COLUMN browser_family LowCardinality(String),
    MODIFY COLUMN browser_version LowCardinality(String),
    MODIFY COLUMN os_family LowCardinality(String);
ALTER TABLE tracker.postbacks MODIFY COLUMN partner_id LowCardinality(String),
    MODIFY COLUMN dialect LowCardinality(String),
    MODIFY COLUMN method LowCardinality(String),
    MODIFY COLUMN verdict LowCardinality(String);
-- What is counted: a person was sent on. A data centre's address is only a flag: shoppers on a VPN are real.
ALTER TABLE tracker.clicks ADD COLUMN valid UInt8
    MATERIALIZED outcome = 'go' AND NOT arrayExists(code -> code != 'datacenter', traffic);
