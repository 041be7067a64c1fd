-- A click can be filtered for several reasons. The first row, without a reason, is all clicks of the period. Whoever
-- was stopped by the checks was sent nowhere: that is no click, and who goes on then clicks once more.
SELECT *
FROM (
    SELECT '' AS reason, count() AS clicks, countIf(NOT valid) AS filtered
    FROM clicks
    WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
        AND outcome != 'stopped'
    UNION ALL
    SELECT arrayJoin(arrayFilter(code -> code != 'datacenter', traffic)) AS reason, count(), count()
    FROM clicks
    WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
        AND outcome != 'stopped'
    GROUP BY reason
)
ORDER BY reason != '', filtered DESC, reason
