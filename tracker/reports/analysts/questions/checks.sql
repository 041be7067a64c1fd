-- What the checks page found, by browser. It counts browsers, each once however often its shopper pressed Retry: those
-- asked, those in which the check found something, those that were told it costs the cashback, and those that went on
-- in spite of a warning. A check that finds something in one version alone is likely to be wrong about it.
SELECT
    check,
    browser_family,
    splitByChar('.', o.browser_version)[1] AS browser_version,
    uniqExact(browser_hash) AS asked,
    uniqExactIf(browser_hash, finding = 'found') AS found,
    uniqExactIf(browser_hash, o.refused) AS refused,
    uniqExactIf(browser_hash, finding = 'found' AND outcome = 'go' AND NOT o.refused) AS overruled,
    toDecimal128(found, 6) / asked AS share
FROM check_outcomes AS o
WHERE day BETWEEN {since:Date} AND {until:Date} AND ({partner:String} = '' OR partner_id = {partner:String})
    AND place = 'page'
GROUP BY check, browser_family, browser_version
ORDER BY share DESC, asked DESC, check, browser_family, browser_version
