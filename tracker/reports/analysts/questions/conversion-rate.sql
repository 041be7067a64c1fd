-- What each partner brought per counted click, by the day of the click.
SELECT
    partner_id,
    sum(d.clicks) AS clicks,
    sum(d.valid_clicks) AS valid_clicks,
    sum(d.conversions) AS orders,
    sum(d.approved) AS approved,
    sum(d.declined) AS declined,
    if(valid_clicks = 0, NULL, toDecimal128(orders, 6) / greatest(valid_clicks, 1)) AS cr,
    if(valid_clicks = 0, NULL, toDecimal128(commission, 4) / greatest(valid_clicks, 1)) AS epc,
    sum(d.commission) AS commission,
    sum(d.cashback) AS cashback
FROM partner_daily AS d
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
GROUP BY partner_id
ORDER BY commission DESC, partner_id
