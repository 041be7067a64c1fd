-- What is owed to shoppers, by how certain it is. A pending purchase owes what its approval will bring.
SELECT
    multiIf(
        status = 'declined', 'declined',
        hold, 'held',
        status = 'pending', 'pending',
        settled, 'settled',
        'approved'
    ) AS state,
    count() AS orders,
    sum(c.cashback) AS cashback,
    sumIf(ifNull(c.commission, 0), status != 'declined' AND currency IN ('', 'RUB')) AS commission
FROM conversions AS c
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
GROUP BY state
ORDER BY indexOf(['pending', 'held', 'approved', 'settled', 'declined'], state)
