-- Every request that we answered with 2xx, 400 or 422, as it came, with secrets masked; and what became of it.
CREATE TABLE postbacks (
    id uuid PRIMARY KEY,  -- version 7: it grows with time, so the index does too
    received_at timestamptz NOT NULL,
    partner_id text NOT NULL,
    dialect text NOT NULL,
    method text NOT NULL,
    query text NOT NULL,
    content_type text NOT NULL,
    body bytea NOT NULL,  -- bytes, since a partner may send any encoding, or none
    address_hash bigint NOT NULL,
    request_id text NOT NULL,
    -- The verdict, the only part that may change: a request that was deferred or failed is decided later.
    verdict text NOT NULL,  -- 'decided', or a code of tracker/core/reasons.py
    verdict_version integer NOT NULL,
    reasons text[] NOT NULL,
    http_status smallint NOT NULL,
    order_id text NOT NULL,
    line_id text NOT NULL,
    click_id text NOT NULL,
    note text NOT NULL
);

-- What `tracker replay` goes through; almost always empty.
CREATE INDEX postbacks_waiting ON postbacks (received_at, id) WHERE verdict IN ('deferred', 'failed');
CREATE INDEX postbacks_by_order ON postbacks (partner_id, order_id) WHERE order_id <> '';

CREATE TRIGGER raw_postbacks_are_immutable
BEFORE UPDATE OF
    id, received_at, partner_id, dialect, method, query, content_type, body, address_hash, request_id
ON postbacks
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER postbacks_are_kept
BEFORE DELETE OR TRUNCATE ON postbacks
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
