-- Why purchases earn nothing. A purchase with two reasons stands under both, so shares can add up to more than 1.
WITH (
    SELECT count()
    FROM conversions
    WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
) AS all_orders
SELECT
    reason,
    count() AS orders,
    toDecimal128(orders, 6) / greatest(all_orders, 1) AS share,
    uniqExactIf(shopper_hash, shopper_hash != 0) AS shoppers,
    sum(base) AS goods
FROM refusals
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
GROUP BY reason
ORDER BY orders DESC, reason
