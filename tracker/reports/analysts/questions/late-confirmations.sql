-- Purchases that were confirmed after their window. `credited` are those that staff credited all the same.
SELECT
    partner_id,
    count() AS orders,
    countIf(c.cashback > 0) AS credited,
    sum(base) AS goods,
    sum(c.accrual) AS accrual,
    sum(c.cashback) AS cashback,
    round(quantileExact(0.5)(hours_late) / 24, 1) AS p50_days,
    round(max(hours_late) / 24, 1) AS longest_days
FROM (
    SELECT *, intDiv(dateDiff('second', confirm_by, confirmed_at), 3600) AS hours_late
    FROM conversions
    WHERE status != 'declined' AND (partner_id, order_id) IN (
        SELECT partner_id, order_id FROM conversion_revisions WHERE has(reasons, 'late')
    )
) AS c
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
GROUP BY partner_id
ORDER BY orders DESC, partner_id
