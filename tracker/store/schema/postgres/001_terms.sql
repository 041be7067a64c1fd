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

CREATE TRIGGER terms_versions_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_versions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
