-- What the tag saw of an order on the shop's confirmation page. It may come before the order, after it, or never.
CREATE TABLE confirmations (
    partner_id text NOT NULL,
    order_id text NOT NULL,
    report_id text NOT NULL,  -- made by the tag: a report that it sends again is the same report
    seen_at timestamptz NOT NULL,
    click_id text NOT NULL,  -- that the tab landed by; empty: none that we signed
    cookie_click_id text NOT NULL,  -- that the shop's own cookie holds, likewise
    tab text NOT NULL,
    blocker jsonb NOT NULL,
    final boolean NOT NULL,
    PRIMARY KEY (partner_id, order_id, report_id)
);

CREATE TRIGGER confirmations_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON confirmations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE outbox
    DROP CONSTRAINT outbox_kind_check,
    ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('postback', 'revision', 'tag'));

CREATE VIEW order_confirmations AS
SELECT
    partner_id,
    order_id,
    json_agg(
        json_build_object(
            'report_id', report_id,
            'seen_at', seen_at,
            'click_id', click_id,
            'cookie_click_id', cookie_click_id,
            'tab', tab,
            'blocker', blocker,
            'final', final
        ) ORDER BY seen_at, report_id
    ) AS confirmations
FROM confirmations
GROUP BY partner_id, order_id;

-- As in 006, with the confirmations.
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
            SELECT json_agg(json_build_array(m.report, m.received_at, m.click_id, m.problem) ORDER BY m.received_at)
            FROM order_messages m WHERE m.partner_id = c.partner_id AND m.order_id = c.order_id
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

-- `write_changes` with what the tag saw. A version tells of everything that was added to an order, but an order that no
-- message has named yet has none: so it must also still have as many confirmations as its writer read.
CREATE FUNCTION write_evidence(
    new_confirmations json,
    new_expected json,
    new_siblings json,
    new_postbacks json,
    new_verdicts json,
    new_conversions json,
    new_messages json,
    new_clicks json,
    new_overrides json,
    new_revisions json,
    new_entries json,
    new_outbox json
) RETURNS integer[]
LANGUAGE plpgsql AS $$
DECLARE
    outdated integer[];
    stale integer[];
BEGIN
    -- All that `write_changes` locks, in its order; it then has them already.
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

    SELECT array_agg(e.item) INTO outdated
    FROM json_to_recordset(new_expected)
        AS e(item integer, partner_id text, order_id text, version bigint, confirmations bigint)
    WHERE e.version = 0 AND e.confirmations <> (
        SELECT count(*) FROM confirmations s WHERE s.partner_id = e.partner_id AND s.order_id = e.order_id
    );
    IF outdated IS NOT NULL THEN
        -- A version that no order has: `write_changes` leaves these out as it does every stale change.
        SELECT json_agg(json_build_object(
            'item', e.item, 'partner_id', e.partner_id, 'order_id', e.order_id, 'grows', e.grows,
            'version', CASE WHEN e.item = ANY (outdated) THEN -1 ELSE e.version END
        )) INTO new_expected
        FROM json_to_recordset(new_expected)
            AS e(item integer, partner_id text, order_id text, version bigint, grows boolean);
    END IF;

    stale := write_changes(
        new_expected, new_siblings, new_postbacks, new_verdicts, new_conversions, new_messages, new_clicks,
        new_overrides, new_revisions, new_entries, new_outbox
    );

    INSERT INTO confirmations
    SELECT
        r.partner_id, r.order_id, r.report_id, r.seen_at, r.click_id, r.cookie_click_id, r.tab, r.blocker, r.final
    FROM json_to_recordset(new_confirmations) AS r(
        item integer, partner_id text, order_id text, report_id text, seen_at timestamptz, click_id text,
        cookie_click_id text, tab text, blocker jsonb, final boolean
    )
    WHERE r.item <> ALL (stale);

    RETURN stale;
END
$$;
