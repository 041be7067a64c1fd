-- Messages about an order of no click that we know, by the day on which they came.
SELECT
    partner_id,
    verdict,
    count() AS postbacks,
    uniqExact(order_id) AS orders,
    uniqExactIf(order_id, (partner_id, order_id) IN (
        SELECT partner_id, order_id FROM conversions WHERE isNull(clicked_at)
    )) AS still_unmatched,
    max(received_at) AS last_received
FROM postbacks
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
    AND verdict IN ('unknown_click', 'bad_signature')
GROUP BY partner_id, verdict
ORDER BY postbacks DESC, partner_id, verdict
