-- Purchases in a partner's app or mobile version that earn, because the partner's `origins` list them.
SELECT
    partner_id,
    origin,
    count() AS orders,
    countIf(status = 'approved') AS approved,
    sum(base) AS goods,
    sum(e.cashback) AS cashback
FROM origin_exceptions AS e
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
GROUP BY partner_id, origin
ORDER BY orders DESC, partner_id, origin
