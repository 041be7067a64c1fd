-- Purchases that earn nothing because they, or their cashback, are too small, and what they would have earned without
-- that rule. `accrual_only` counts those that no other reason refuses: it is what dropping the rule would cost. Under
-- the minimum purchase the purchase itself accrues 0, so what its lines accrue is summed: shares, and a fixed sum once.
SELECT
    partner_id,
    reason,
    count() AS orders,
    countIf(length(reasons) = 1) AS orders_only,
    sum(base) AS goods,
    sum(would_be) AS accrual,
    sumIf(would_be, length(reasons) = 1) AS accrual_only
FROM (
    SELECT
        partner_id,
        reasons,
        arrayJoin(arrayIntersect(reasons, ['below_minimum', 'below_min_purchase'])) AS reason,
        base,
        if(reason = 'below_minimum', accrual, ifNull(of_lines, 0)) AS would_be
    FROM conversions
    LEFT JOIN (
        SELECT
            partner_id,
            order_id,
            sumIf(accrual, isNotNull(rate)) + maxIf(accrual, isNull(rate)) AS of_lines
        FROM conversion_lines
        WHERE status != 'declined'
        GROUP BY partner_id, order_id
    ) AS lines USING (partner_id, order_id)
    WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
        AND status != 'declined'
)
GROUP BY partner_id, reason
ORDER BY accrual DESC, partner_id, reason
