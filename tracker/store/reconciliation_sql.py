"""The statements of a reconciliation. Temporary tables end with their transaction."""

ROW_COLUMNS = (
    "place", "order_id", "line_id", "click_id", "status", "hold", "goods", "delivery", "commission", "currency",
    "order_time", "day_only", "unread",
)  # fmt: skip
LINE_COLUMNS = (
    "reconciliation_id", "order_id", "kinds", "causes", "codes", "rubles", "cashback", "theirs", "ours",
)  # fmt: skip

CREATE = """
CREATE TEMP TABLE statement_rows (
    place integer, order_id text, line_id text, click_id text, status text, hold boolean, goods numeric,
    delivery numeric, commission numeric, currency text, order_time timestamptz, day_only boolean,
    unread boolean
) ON COMMIT DROP
"""

# A line that is named twice was restated: the later row counts. Rows that name no line are lines of their own. As in
# our own books, lines that are declined add nothing, and the rest is approved when none of it waits.
ADD_UP = """
CREATE TEMP TABLE statement_orders ON COMMIT DROP AS
SELECT
    order_id,
    min(place) AS place,
    CASE
        WHEN bool_or(status IS NULL) THEN NULL
        WHEN bool_and(status = 'declined') THEN 'declined'
        WHEN bool_or(status = 'pending') THEN 'pending'
        ELSE 'approved'
    END AS status,
    bool_or(hold) FILTER (WHERE status IS DISTINCT FROM 'declined') AS hold,
    CASE WHEN bool_and(goods IS NOT NULL OR status = 'declined')
        THEN sum(goods) FILTER (WHERE status IS DISTINCT FROM 'declined') END AS goods,
    sum(delivery) AS delivery,
    sum(commission) FILTER (WHERE status IS DISTINCT FROM 'declined') AS commission,
    max(currency) AS currency,
    max(click_id) AS click_id,
    min(order_time) AS order_time,
    bool_or(day_only) AS day_only,
    bool_or(unread) OR count(DISTINCT nullif(currency, '')) > 1 AS unread
FROM (
    SELECT DISTINCT ON (order_id, line_id, CASE WHEN line_id = '' THEN place END) *
    FROM statement_rows
    ORDER BY order_id, line_id, CASE WHEN line_id = '' THEN place END, place DESC
) lines
GROUP BY order_id;
ANALYZE statement_orders
"""

LOADED = """
SELECT count(*) AS orders, min(order_time) AS earliest, max(order_time) AS latest,
    array_agg(DISTINCT status) FILTER (WHERE status IS NOT NULL) AS statuses
FROM statement_orders
"""

# What the messages said in the order's own currency is added up only where the base in rubles does not answer.
PAIRS = """
SELECT
    coalesce(t.order_id, o.order_id) AS order_id,
    t.place, t.status AS their_status, t.hold AS their_hold, t.goods AS their_goods, t.delivery,
    t.commission AS their_commission, t.currency AS their_currency, t.click_id AS their_click_id,
    t.order_time, t.day_only, t.unread, x.rubles / x.nominal AS their_rate,
    o.status, o.hold AND cardinality(o.held_by_us) = 0 AS hold, o.base, o.rate, o.cashback,
    o.currency, o.exchange_rate, o.commission, o.reasons, o.flags,
    o.click_id, o.at,
    CASE WHEN o.currency <> 'RUB' THEN (
        SELECT sum((line ->> 'goods')::numeric) FROM jsonb_array_elements(o.lines) AS line
        WHERE line ->> 'status' <> 'declined'
    ) END AS goods
FROM statement_orders t
FULL JOIN (
    SELECT *, coalesce(ordered_at, first_seen_at) AS at FROM conversions WHERE partner_id = $1
) o ON o.order_id = t.order_id
LEFT JOIN exchange_rates x ON x.currency = t.currency AND x.day = (t.order_time AT TIME ZONE $4)::date
WHERE t.order_id IS NOT NULL OR (o.at >= $2 AND o.at < $3)
"""

# As the sender wrote them: what is no plain number is left out.
OTHER_SUMS = """
SELECT order_id, array_agg(DISTINCT sent ->> 1) AS sums
FROM order_messages, jsonb_array_elements(report -> 'sums_as_sent') AS sent
WHERE partner_id = $1 AND order_id = ANY ($2) AND jsonb_typeof(report -> 'sums_as_sent') = 'array'
GROUP BY order_id
"""

# A message that was refused before its order was understood is found by the order's id in its own text.
FIND_REFUSED = """
CREATE TEMP TABLE statement_refused ON COMMIT DROP AS
SELECT DISTINCT t.order_id, p.verdict
FROM postbacks p
CROSS JOIN LATERAL regexp_split_to_table(p.query || ' ' || encode(p.body, 'escape'), '[&=;,:"{} ]+') AS word
JOIN statement_orders t ON t.order_id = word
WHERE p.partner_id = $1 AND p.order_id = ''
"""
VERDICTS = """
SELECT order_id, array_agg(DISTINCT verdict) AS verdicts FROM (
    SELECT order_id, verdict FROM postbacks WHERE partner_id = $1 AND order_id = ANY ($2)
    UNION ALL
    SELECT order_id, verdict FROM statement_refused WHERE order_id = ANY ($2)
) found
GROUP BY order_id
"""

KEEP_RUN = """
INSERT INTO reconciliations (id, partner_id, file_name, sha256, since, until, at, row_count, problem_count, totals)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb)
"""

_LINE = """
SELECT l.order_id, l.kinds, l.causes, l.codes, l.rubles, l.cashback, l.theirs::text AS theirs, l.ours::text AS ours
"""
LINES_OF_RUN = f"{_LINE} FROM reconciliation_lines l WHERE l.reconciliation_id = $1::uuid"
LINES_PAGE = f"""
{_LINE} FROM reconciliation_lines l
WHERE l.reconciliation_id = $1::uuid AND ($2 = '' OR $2 = ANY (l.kinds)) AND ($3 = '' OR $3 = ANY (l.causes))
    AND l.order_id > $4
ORDER BY l.order_id LIMIT $5
"""

_RUN = """
SELECT r.id::text AS id, r.partner_id, r.file_name, r.sha256, r.since, r.until, r.at, r.row_count, r.problem_count,
    r.totals::text AS totals, a.at AS applied_at, a.staff, a.reason
FROM reconciliations r LEFT JOIN reconciliation_applications a ON a.reconciliation_id = r.id
"""
EARLIER = f"{_RUN} WHERE r.partner_id = $1 AND r.sha256 = $2 ORDER BY r.at DESC, r.id DESC LIMIT 1"
ONE_RUN = f"{_RUN} WHERE r.id = $1::uuid"
RUNS = f"{_RUN} WHERE (r.at, r.id) < ($1, $2::uuid) ORDER BY r.at DESC, r.id DESC LIMIT $3"

_OUR_LINES = """, (
    SELECT json_agg(json_build_array(line ->> 'line_id', line ->> 'tariff'))::text
    FROM conversions c, jsonb_array_elements(c.lines) AS line
    WHERE c.partner_id = r.partner_id AND c.order_id = l.order_id
) AS lines
"""
# Only what still is as it was when staff looked at it.
AGREED = f"""
{_LINE}{_OUR_LINES} FROM reconciliation_lines l JOIN reconciliations r ON r.id = l.reconciliation_id
JOIN reconciliation_lines e ON e.reconciliation_id = $2::uuid AND e.order_id = l.order_id
    AND e.kinds = l.kinds AND e.theirs IS NOT DISTINCT FROM l.theirs AND e.rubles IS NOT DISTINCT FROM l.rubles
WHERE l.reconciliation_id = $1::uuid AND l.order_id > $3
ORDER BY l.order_id LIMIT $4
"""

NOTE_APPLIED = """
INSERT INTO reconciliation_applications (reconciliation_id, at, staff, reason) VALUES ($1::uuid, $2, $3, $4)
"""
NOTE_RESULT = """
INSERT INTO reconciliation_results (reconciliation_id, order_id, postback_id, result)
VALUES ($1::uuid, $2, $3::uuid, $4)
"""
