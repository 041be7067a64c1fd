-- What differed between a partner's statement and our books, each time that the two were compared.
CREATE TABLE IF NOT EXISTS tracker.reconciliation_lines (
    reconciliation_id String,
    reconciled_at DateTime('UTC'),
    reconciled_at_us Int64,
    partner_id String,
    file_name String,
    order_id String,
    kinds Array(String),
    causes Array(String),
    codes Array(String),
    their_status String,
    our_status String,
    their_goods Nullable(Decimal(38, 12)),
    our_goods Nullable(Decimal(38, 12)),
    currency String,
    difference Nullable(Decimal(38, 12)),
    cashback_change Nullable(Int64),
    click_id String,
    ordered_at_us Int64
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMM(reconciled_at) ORDER BY (reconciled_at, reconciliation_id, order_id);
