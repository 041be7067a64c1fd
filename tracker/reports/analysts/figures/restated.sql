SELECT maxOrNull(revised_at) AS restated_at
FROM conversions
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
