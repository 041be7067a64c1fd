-- Double entry, in kopecks. The id is a hash of (partner, order, revision, account): the same entry cannot be written
-- twice, whoever repeats it.
CREATE TABLE ledger_entries (
    id uuid PRIMARY KEY,
    partner_id text NOT NULL,
    order_id text NOT NULL,
    revision integer NOT NULL,
    account text NOT NULL,
    amount_kopecks bigint NOT NULL CHECK (amount_kopecks <> 0),
    at timestamptz NOT NULL,
    FOREIGN KEY (partner_id, order_id, revision) REFERENCES conversion_revisions
);

CREATE INDEX ledger_entries_by_order ON ledger_entries (partner_id, order_id, revision);
CREATE INDEX ledger_entries_by_account ON ledger_entries (account, at);

CREATE TRIGGER ledger_entries_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_unbalanced() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (
        SELECT sum(amount_kopecks) FROM ledger_entries
        WHERE partner_id = NEW.partner_id AND order_id = NEW.order_id AND revision = NEW.revision
    ) <> 0 THEN
        RAISE EXCEPTION 'the ledger entries of %/% revision % do not sum to zero',
            NEW.partner_id, NEW.order_id, NEW.revision;
    END IF;
    RETURN NULL;
END
$$;

-- Deferred: the entries of one revision are balanced when the transaction ends, not after each row.
CREATE CONSTRAINT TRIGGER ledger_entries_balance
AFTER INSERT ON ledger_entries DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced();
