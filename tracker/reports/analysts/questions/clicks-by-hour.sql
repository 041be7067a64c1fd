-- When shoppers click, by the hour of Moscow; an hour without clicks is 0. Who is stopped by the checks has not clicked.
SELECT
    toHour(clicked_at, 'Europe/Moscow') AS hour,
    countIf(outcome != 'stopped') AS clicks,
    sum(valid) AS valid_clicks
FROM clicks
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
GROUP BY hour
ORDER BY hour WITH FILL FROM 0 TO 24
