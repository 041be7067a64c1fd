-- needs: 20.10
-- A shopper's own page asks for their clicks among everybody's.
ALTER TABLE tracker.clicks ADD INDEX IF NOT EXISTS by_shopper shopper_id TYPE bloom_filter(0.01) GRANULARITY 4;
