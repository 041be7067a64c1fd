-- The tag's reports as they were shipped: with them, every row of ClickHouse's money tables can be made again from here.
CREATE TABLE tag_facts (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- as they were shipped: of equal reports the last one counts
    reported_at timestamptz NOT NULL,
    click_ids text[] NOT NULL,  -- that the tab and the shop's cookie held
    body bytea NOT NULL  -- as the outbox had it
);

CREATE INDEX tag_facts_by_age ON tag_facts (reported_at);
