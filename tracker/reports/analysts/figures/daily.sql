SELECT day, sum(valid) AS valid_clicks
FROM clicks
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
GROUP BY day
ORDER BY day WITH FILL FROM {since:Date} TO {until:Date} + 1
