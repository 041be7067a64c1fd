-- Immutability is the database's business, not only the code's: a hand in psql is refused as well.
CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted; write a new one', TG_TABLE_NAME;
END
$$;

-- What a click was promised. The click carries the version, so a decision can be recomputed for ever.
CREATE TABLE terms_versions (
    version text PRIMARY KEY,
    partner_id text NOT NULL,
    content jsonb NOT NULL,
    first_loaded_at timestamptz NOT NULL DEFAULT now()
);

-- Which version a partner's clicks carried since when: a partner's last row is in force.
CREATE TABLE terms_in_force (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id text NOT NULL,
    version text NOT NULL REFERENCES terms_versions,
    since timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX terms_in_force_by_partner ON terms_in_force (partner_id, id);

CREATE TRIGGER terms_in_force_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_in_force
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER terms_versions_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_versions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
