SELECT
    sum(d.valid_clicks) AS valid_clicks,
    sum(d.conversions) AS orders,
    if(valid_clicks = 0, NULL, toDecimal128(orders, 6) / greatest(valid_clicks, 1)) AS cr,
    if(valid_clicks = 0, NULL, toDecimal128(commission, 4) / greatest(valid_clicks, 1)) AS epc,
    sum(d.cashback) AS cashback,
    sum(d.commission) AS commission
FROM partner_daily AS d
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
