-- Exchange rates by day, as they were published. A day's rate is never changed: orders were decided by it.
CREATE TABLE exchange_rates (
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$' AND currency <> 'RUB'),
    day date NOT NULL,
    nominal integer NOT NULL CHECK (nominal IN (1, 10, 100, 1000, 10000, 100000, 1000000)),
    rubles numeric NOT NULL CHECK (rubles > 0),
    source text NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (currency, day)
);

CREATE TRIGGER exchange_rates_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_rates FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE conversions
    ADD COLUMN exchange_rate numeric,
    ADD COLUMN exchange_day date;

CREATE INDEX conversions_without_rate ON conversions (partner_id, order_id) WHERE 'rate_missing' = ANY (flags);

-- A click that was found only after its message had come. The message counts as if it had named a known click.
CREATE TABLE found_clicks (
    partner_id text NOT NULL,
    order_id text NOT NULL,
    received_at timestamptz NOT NULL,
    click_id text NOT NULL,
    PRIMARY KEY (partner_id, order_id, received_at),
    FOREIGN KEY (partner_id, order_id, received_at) REFERENCES order_messages
);

CREATE TRIGGER found_clicks_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON found_clicks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Messages whose click we signed and cannot find: it is looked for again until it is found, or given up. Almost empty.
CREATE TABLE awaited_clicks (
    partner_id text NOT NULL,
    order_id text NOT NULL,
    received_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    PRIMARY KEY (partner_id, order_id, received_at),
    FOREIGN KEY (partner_id, order_id, received_at) REFERENCES order_messages
);

CREATE INDEX awaited_clicks_by_turn ON awaited_clicks (next_at);
CREATE INDEX awaited_clicks_by_age ON awaited_clicks (received_at);

INSERT INTO awaited_clicks
SELECT partner_id, order_id, received_at, received_at FROM order_messages
WHERE problem = 'unknown_click' AND report ? 'click_id';

-- As in 007, with the clicks that were found later.
CREATE OR REPLACE VIEW order_documents AS
SELECT
    c.partner_id,
    c.order_id,
    c.shopper_id,
    json_build_object(
        'version', c.version,
        'revision', c.revision,
        'cashback', c.cashback,
        'rewarded_elsewhere', c.rewarded_elsewhere,
        'first_seen_at', c.first_seen_at,
        'messages', (
            SELECT json_agg(
                json_build_array(
                    m.report, m.received_at, coalesce(m.click_id, f.click_id),
                    CASE WHEN f.click_id IS NULL THEN m.problem END
                ) ORDER BY m.received_at
            )
            FROM order_messages m LEFT JOIN found_clicks f USING (partner_id, order_id, received_at)
            WHERE m.partner_id = c.partner_id AND m.order_id = c.order_id
        ),
        'clicks', (
            SELECT json_agg(k.facts)
            FROM order_clicks k WHERE k.partner_id = c.partner_id AND k.order_id = c.order_id
        ),
        'overrides', (
            SELECT json_agg(json_build_array(o.kind, o.reason, o.staff, o.at, o.click_id) ORDER BY o.id)
            FROM overrides o WHERE o.partner_id = c.partner_id AND o.order_id = c.order_id
        ),
        'confirmations', (
            SELECT s.confirmations
            FROM order_confirmations s WHERE s.partner_id = c.partner_id AND s.order_id = c.order_id
        ),
        'posted', (
            SELECT json_object_agg(p.account, p.kopecks) FROM (
                SELECT e.account, sum(e.amount_kopecks)::bigint AS kopecks
                FROM ledger_entries e WHERE e.partner_id = c.partner_id AND e.order_id = c.order_id
                GROUP BY e.account HAVING sum(e.amount_kopecks) <> 0
            ) p
        )
    ) AS document
FROM conversions c;

-- One function for all that a change may hold: in place of 006's and of what 007 put around it. A version tells of
-- everything that was added to an order, but an order that no message has named yet has none: so it must also still
-- have as many confirmations as its writer read.
--
-- Writes any number of changes in one round trip and one transaction. Each row names the change that it belongs to
-- (`item`). A change whose orders are no longer as its writer read them is left out whole, and its number returned: the
-- writer reads them again and decides anew.
DROP FUNCTION write_evidence;
DROP FUNCTION write_changes;

CREATE FUNCTION write_changes(
    new_expected json,
    new_siblings json,
    new_postbacks json,
    new_verdicts json,
    new_conversions json,
    new_messages json,
    new_found json,
    new_clicks json,
    new_overrides json,
    new_confirmations json,
    new_revisions json,
    new_entries json,
    new_outbox json
) RETURNS integer[]
LANGUAGE plpgsql AS $$
DECLARE
    stale integer[];
BEGIN
    -- Locks of all kinds in one order, so that no two writers can wait for each other.
    PERFORM pg_advisory_xact_lock(lock) FROM (
        SELECT hashtextextended(partner_id || E'\x1f' || order_id, 1) AS lock
        FROM json_to_recordset(new_expected) AS e(partner_id text, order_id text)
        UNION
        SELECT hashtextextended(partner_id || E'\x1f' || shopper_id, 2)
        FROM json_to_recordset(new_siblings) AS s(partner_id text, shopper_id text)
        UNION
        SELECT hashtextextended(id, 3) FROM json_to_recordset(new_verdicts) AS v(id text)
        ORDER BY lock
    ) AS locks;

    SELECT coalesce(array_agg(found.item), '{}') INTO stale FROM (
        SELECT e.item
        FROM json_to_recordset(new_expected)
            AS e(item integer, partner_id text, order_id text, version bigint, confirmations bigint)
        LEFT JOIN conversions c ON c.partner_id = e.partner_id AND c.order_id = e.order_id
        WHERE coalesce(c.version, 0) <> e.version OR e.version = 0 AND e.confirmations <> (
            SELECT count(*) FROM confirmations s WHERE s.partner_id = e.partner_id AND s.order_id = e.order_id
        )
        UNION
        SELECT s.item
        FROM json_to_recordset(new_siblings) AS s(item integer, partner_id text, shopper_id text, versions jsonb)
        WHERE s.versions <> (
            SELECT coalesce(jsonb_object_agg(c.order_id, c.version), '{}') FROM conversions c
            WHERE c.shopper_id = s.shopper_id AND c.partner_id = s.partner_id
        )
        UNION
        SELECT v.item
        FROM json_to_recordset(new_verdicts) AS v(item integer, id uuid, verdict_version integer)
        LEFT JOIN postbacks p ON p.id = v.id
        WHERE p.verdict_version IS DISTINCT FROM v.verdict_version - 1
    ) AS found;

    INSERT INTO postbacks
    SELECT
        r.id, r.received_at, r.partner_id, r.dialect, r.method, r.query, r.content_type, r.body, r.address_hash,
        r.request_id, r.verdict, r.verdict_version, r.reasons, r.http_status, r.order_id, r.line_id, r.click_id, r.note
    FROM json_to_recordset(new_postbacks) AS r(
        item integer, id uuid, received_at timestamptz, partner_id text, dialect text, method text, query text,
        content_type text, body bytea, address_hash bigint, request_id text, verdict text, verdict_version integer,
        reasons text[], http_status smallint, order_id text, line_id text, click_id text, note text
    )
    WHERE r.item <> ALL (stale);

    UPDATE postbacks SET
        verdict = r.verdict, verdict_version = r.verdict_version, reasons = r.reasons, http_status = r.http_status,
        order_id = r.order_id, line_id = r.line_id, click_id = r.click_id, note = r.note
    FROM json_to_recordset(new_verdicts) AS r(
        item integer, id uuid, verdict text, verdict_version integer, reasons text[], http_status smallint,
        order_id text, line_id text, click_id text, note text
    )
    WHERE postbacks.id = r.id AND r.item <> ALL (stale);

    UPDATE conversions SET version = conversions.version + 1
    FROM json_to_recordset(new_expected) AS e(item integer, partner_id text, order_id text, grows boolean)
    WHERE e.grows AND conversions.partner_id = e.partner_id AND conversions.order_id = e.order_id
        AND e.item <> ALL (stale);

    INSERT INTO conversions AS c
    SELECT
        r.partner_id, r.order_id, 1, r.revision, r.first_seen_at, r.revised_at, r.status, r.hold, r.held_by_us,
        r.settled, r.base, r.rate, r.accrual, r.cashback, r.reasons, r.flags, r.rewarded_elsewhere, r.click_id,
        r.shopper_id, r.clicked_at, r.terms_version, r.surface, r.device, r.origin, r.ordered_at, r.confirm_by,
        r.first_approved_at, r.commission, r.currency, r.promo_code, r.lines, r.exchange_rate, r.exchange_day
    FROM json_to_recordset(new_conversions) AS r(
        item integer, partner_id text, order_id text, revision integer, first_seen_at timestamptz,
        revised_at timestamptz, status text, hold boolean, held_by_us text[], settled boolean, base numeric,
        rate numeric, accrual numeric, cashback bigint, reasons text[], flags text[], rewarded_elsewhere boolean,
        click_id text, shopper_id text, clicked_at timestamptz, terms_version text, surface text, device text,
        origin text, ordered_at timestamptz, confirm_by timestamptz, first_approved_at timestamptz,
        commission numeric, currency text, promo_code text, lines jsonb, exchange_rate numeric, exchange_day date
    )
    WHERE r.item <> ALL (stale)
    ON CONFLICT (partner_id, order_id) DO UPDATE SET
        version = c.version + 1, revision = excluded.revision, first_seen_at = excluded.first_seen_at,
        revised_at = excluded.revised_at, status = excluded.status, hold = excluded.hold,
        held_by_us = excluded.held_by_us, settled = excluded.settled, base = excluded.base, rate = excluded.rate,
        accrual = excluded.accrual, cashback = excluded.cashback, reasons = excluded.reasons, flags = excluded.flags,
        rewarded_elsewhere = excluded.rewarded_elsewhere, click_id = excluded.click_id,
        shopper_id = excluded.shopper_id, clicked_at = excluded.clicked_at, terms_version = excluded.terms_version,
        surface = excluded.surface, device = excluded.device, origin = excluded.origin,
        ordered_at = excluded.ordered_at, confirm_by = excluded.confirm_by,
        first_approved_at = excluded.first_approved_at, commission = excluded.commission,
        currency = excluded.currency, promo_code = excluded.promo_code, lines = excluded.lines,
        exchange_rate = excluded.exchange_rate, exchange_day = excluded.exchange_day;

    INSERT INTO order_messages
    SELECT r.partner_id, r.order_id, r.received_at, r.postback_id, r.report, r.click_id, r.problem
    FROM json_to_recordset(new_messages) AS r(
        item integer, partner_id text, order_id text, received_at timestamptz, postback_id uuid, report jsonb,
        click_id text, problem text
    )
    WHERE r.item <> ALL (stale);

    INSERT INTO awaited_clicks
    SELECT r.partner_id, r.order_id, r.received_at, r.received_at
    FROM json_to_recordset(new_messages)
        AS r(item integer, partner_id text, order_id text, received_at timestamptz, report jsonb, problem text)
    WHERE r.problem = 'unknown_click' AND r.report ? 'click_id' AND r.item <> ALL (stale);

    INSERT INTO found_clicks
    SELECT r.partner_id, r.order_id, r.received_at, r.click_id
    FROM json_to_recordset(new_found)
        AS r(item integer, partner_id text, order_id text, received_at timestamptz, click_id text)
    WHERE r.item <> ALL (stale);

    DELETE FROM awaited_clicks a
    USING json_to_recordset(new_found) AS r(item integer, partner_id text, order_id text, received_at timestamptz)
    WHERE a.partner_id = r.partner_id AND a.order_id = r.order_id AND a.received_at = r.received_at
        AND r.item <> ALL (stale);

    INSERT INTO order_clicks
    SELECT r.partner_id, r.order_id, r.click_id, r.facts
    FROM json_to_recordset(new_clicks) AS r(item integer, partner_id text, order_id text, click_id text, facts jsonb)
    WHERE r.item <> ALL (stale);

    INSERT INTO overrides (partner_id, order_id, kind, reason, staff, at, click_id)
    SELECT r.partner_id, r.order_id, r.kind, r.reason, r.staff, r.at, r.click_id
    FROM json_to_recordset(new_overrides) AS r(
        item integer, partner_id text, order_id text, kind text, reason text, staff text, at timestamptz, click_id text
    )
    WHERE r.item <> ALL (stale);

    INSERT INTO confirmations
    SELECT
        r.partner_id, r.order_id, r.report_id, r.seen_at, r.click_id, r.cookie_click_id, r.tab, r.blocker, r.final
    FROM json_to_recordset(new_confirmations) AS r(
        item integer, partner_id text, order_id text, report_id text, seen_at timestamptz, click_id text,
        cookie_click_id text, tab text, blocker jsonb, final boolean
    )
    WHERE r.item <> ALL (stale);

    INSERT INTO conversion_revisions
    SELECT
        r.partner_id, r.order_id, r.revision, r.revised_at, r.postback_id, r.status, r.hold, r.cashback,
        r.cashback_change, r.reasons, r.flags, r.fact
    FROM json_to_recordset(new_revisions) AS r(
        item integer, partner_id text, order_id text, revision integer, revised_at timestamptz, postback_id uuid,
        status text, hold boolean, cashback bigint, cashback_change bigint, reasons text[], flags text[], fact bytea
    )
    WHERE r.item <> ALL (stale);

    INSERT INTO ledger_entries
    SELECT r.id, r.partner_id, r.order_id, r.revision, r.account, r.amount_kopecks, r.at
    FROM json_to_recordset(new_entries) AS r(
        item integer, id uuid, partner_id text, order_id text, revision integer, account text, amount_kopecks bigint,
        at timestamptz
    )
    WHERE r.item <> ALL (stale);

    INSERT INTO outbox (kind, body)
    SELECT r.kind, r.body FROM json_to_recordset(new_outbox) AS r(item integer, kind text, body bytea)
    WHERE r.item <> ALL (stale);

    RETURN stale;
END
$$;
