-- Facts not yet in ClickHouse. Written in the transaction that they tell of, deleted when ClickHouse has them on disk.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('postback', 'revision')),
    body bytea NOT NULL  -- msgpack of tracker/core/facts.py
);

-- Events that ClickHouse will never take, set aside so that the rest can go on.
CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    event bytea NOT NULL,
    error text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
