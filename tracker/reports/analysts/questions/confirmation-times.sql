-- Days from the click to the first approval, in whole hours before they are divided.
SELECT
    partner_id,
    count() AS confirmed,
    round(quantileExact(0.5)(hours_from_click) / 24, 1) AS p50_days,
    round(quantileExact(0.75)(hours_from_click) / 24, 1) AS p75_days,
    round(quantileExact(0.9)(hours_from_click) / 24, 1) AS p90_days,
    round(quantileExact(0.99)(hours_from_click) / 24, 1) AS p99_days,
    round(max(hours_from_click) / 24, 1) AS longest_days
FROM confirmation_times
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
    AND isNotNull(hours_from_click)
GROUP BY partner_id
ORDER BY p50_days DESC, partner_id
