-- What became of purchases after their first approval: declined, or of less than they were approved with.
SELECT
    partner_id,
    count() AS approved,
    countIf(c.status = 'declined') AS returned,
    countIf(c.status != 'declined' AND c.base < first_base) AS returned_in_part,
    toDecimal128(returned + returned_in_part, 6) / count() AS share,
    sum(multiIf(c.status = 'declined', first_base, c.base < first_base, first_base - c.base, 0)) AS goods,
    sum(greatest(first_cashback - c.cashback, 0)) AS cashback_back
FROM conversions AS c
INNER JOIN (
    SELECT
        partner_id,
        order_id,
        argMin(base, revision) AS first_base,
        argMin(cashback, revision) AS first_cashback
    FROM conversion_revisions
    WHERE status = 'approved'
    GROUP BY partner_id, order_id
) AS first USING (partner_id, order_id)
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
GROUP BY partner_id
ORDER BY returned + returned_in_part DESC, partner_id
