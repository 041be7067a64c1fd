-- A partner's statement against our books: each comparison, and what differed. What staff then took over from a statement
-- are messages like any other (postbacks of the method STATEMENT); here stands who did so and why.
CREATE TABLE reconciliations (
    id uuid PRIMARY KEY,
    partner_id text NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    at timestamptz NOT NULL,
    row_count integer NOT NULL,
    problem_count integer NOT NULL,
    totals jsonb NOT NULL
);

CREATE INDEX reconciliations_by_file ON reconciliations (partner_id, sha256, at);
CREATE INDEX reconciliations_by_time ON reconciliations (at, id);

CREATE TABLE reconciliation_lines (
    -- Written before the comparison that they belong to, whose totals are known last.
    reconciliation_id uuid NOT NULL REFERENCES reconciliations DEFERRABLE INITIALLY DEFERRED,
    order_id text NOT NULL,
    kinds text[] NOT NULL,
    causes text[] NOT NULL,
    codes text[] NOT NULL,
    rubles numeric,  -- theirs less ours; null in a currency without a rate
    cashback bigint,  -- what taking the statement's word would change; null where that cannot be told
    theirs jsonb,  -- null: only we have the order
    ours jsonb,  -- null: only they have it
    PRIMARY KEY (reconciliation_id, order_id)
);

CREATE TABLE reconciliation_applications (
    reconciliation_id uuid PRIMARY KEY REFERENCES reconciliations,
    at timestamptz NOT NULL,
    staff text NOT NULL CHECK (staff ~ '\S'),
    reason text NOT NULL CHECK (reason ~ '\S')
);

CREATE TABLE reconciliation_results (
    reconciliation_id uuid NOT NULL REFERENCES reconciliation_applications,
    order_id text NOT NULL,
    postback_id uuid,  -- null: nothing was applied
    result text NOT NULL,  -- the verdict of that message, or why there is none
    PRIMARY KEY (reconciliation_id, order_id)
);

CREATE TRIGGER reconciliations_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reconciliation_lines_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_lines FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reconciliation_applications_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_applications FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reconciliation_results_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciliation_results FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();


ALTER TABLE outbox
    DROP CONSTRAINT outbox_kind_check,
    ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('postback', 'revision', 'tag', 'reconciliation'));
