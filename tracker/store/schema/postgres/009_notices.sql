-- What shoppers should be told: one row for each change of what they may spend. Whatever writes the ledger, the notice
-- is in the same transaction, since the ledger's own trigger makes it.
CREATE TABLE notices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- grows in the order in which one purchase changed
    entry_id uuid NOT NULL UNIQUE REFERENCES ledger_entries,  -- the id that the programme sees: never another's
    partner_id text NOT NULL,
    order_id text NOT NULL,
    revision integer NOT NULL,
    shopper_id text NOT NULL,
    before_kopecks bigint NOT NULL,  -- what this shopper could spend of this purchase
    change_kopecks bigint NOT NULL,
    at timestamptz NOT NULL
);

-- How far telling has come; the only thing here that changes.
CREATE TABLE notice_deliveries (
    notice_id bigint PRIMARY KEY REFERENCES notices,
    partner_id text NOT NULL,
    order_id text NOT NULL,
    waiting_since timestamptz NOT NULL,  -- of its recording, or of the replay
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    delivered_at timestamptz,
    given_up_at timestamptz,
    last_error text NOT NULL DEFAULT '',
    CHECK (num_nonnulls(next_attempt_at, delivered_at, given_up_at) = 1)
);

-- Delivered notices are in none of them, so a look for work costs what there is to do.
CREATE INDEX notice_deliveries_due ON notice_deliveries (next_attempt_at, notice_id)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notice_deliveries_in_order ON notice_deliveries (partner_id, order_id, notice_id)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notice_deliveries_since ON notice_deliveries (waiting_since) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notice_deliveries_given_up ON notice_deliveries (notice_id) WHERE given_up_at IS NOT NULL;

-- Writers of one order follow one another (`write_changes` locks it), so its notices are numbered as they came true.
-- No NOTIFY: it would make all committing transactions wait for one another, and the sender looks twice a second.
CREATE FUNCTION note_what_may_be_spent() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    WITH noted AS (
        INSERT INTO notices (
            entry_id, partner_id, order_id, revision, shopper_id, before_kopecks, change_kopecks, at
        )
        SELECT
            e.id, e.partner_id, e.order_id, e.revision, substr(e.account, length('available:') + 1),
            coalesce((
                SELECT sum(b.amount_kopecks) FROM ledger_entries b
                WHERE b.partner_id = e.partner_id AND b.order_id = e.order_id AND b.account = e.account
                    AND b.revision <= e.revision AND b.id <> e.id
            ), 0),
            e.amount_kopecks, e.at
        FROM added e
        WHERE starts_with(e.account, 'available:')
        ORDER BY e.partner_id, e.order_id, e.revision, e.account
        RETURNING id, partner_id, order_id
    )
    INSERT INTO notice_deliveries (notice_id, partner_id, order_id, waiting_since, next_attempt_at)
    SELECT id, partner_id, order_id, now(), now() FROM noted;
    RETURN NULL;
END
$$;

CREATE TRIGGER ledger_entries_are_noted
AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION note_what_may_be_spent();

CREATE TRIGGER notices_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON notices FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
