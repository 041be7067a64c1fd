-- needs: 24.8
CREATE OR REPLACE VIEW analytics.reconciliations DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    reconciliation_id,
    reconciled_at,
    toDate(reconciled_at, 'Europe/Moscow') AS day,
    partner_id,
    file_name,
    order_id,
    kinds,
    causes,
    codes,
    their_status,
    our_status,
    their_goods,
    our_goods,
    currency,
    difference,
    cashback_change,
    click_id,
    if(ordered_at_us = 0, NULL, toDateTime(intDiv(ordered_at_us, 1000000), 'UTC')) AS ordered_at
FROM tracker.reconciliation_lines FINAL;
