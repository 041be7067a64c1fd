-- What an order in another currency was worth: the rate of its day. In rubles such an order has more decimals than in its
-- own currency, so its base is kept as exactly as its accrual.
ALTER TABLE tracker.conversion_revisions ADD COLUMN exchange_rate Nullable(Decimal(38, 12));
ALTER TABLE tracker.conversion_revisions ADD COLUMN exchange_day String;
ALTER TABLE tracker.conversion_revisions MODIFY COLUMN base Decimal(38, 12);
