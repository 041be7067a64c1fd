-- Personal data leaves the books and the sums stay. Who changes what is otherwise never changed, and why: the row of an act
-- is written in the transaction that it allows.
CREATE TABLE upkeep_acts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('erasure', 'retention')),
    at timestamptz NOT NULL,
    staff text NOT NULL CHECK (staff ~ '\S'),
    reason text NOT NULL CHECK (reason ~ '\S'),
    changed jsonb NOT NULL  -- how many rows, by table; the stand-in of an erased shopper, and never their id
);

-- Whom no click, cookie, link or late fact brings back: by a keyed hash, and only for a month.
CREATE TABLE erased_shoppers (
    shopper_hash numeric PRIMARY KEY,
    stand_in text NOT NULL UNIQUE,
    erased_at timestamptz NOT NULL
);

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND EXISTS (
        SELECT FROM upkeep_acts
        WHERE id = nullif(current_setting('tracker.upkeep_act', true), '')::bigint
            AND xmin = pg_current_xact_id()::xid
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or deleted; write a new one', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER upkeep_acts_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON upkeep_acts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An entry's id is a hash of its account, so it changes with it: it would confirm a guess of who it was.
ALTER TABLE notices
    DROP CONSTRAINT notices_entry_id_fkey,
    ADD CONSTRAINT notices_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES ledger_entries ON UPDATE CASCADE;
