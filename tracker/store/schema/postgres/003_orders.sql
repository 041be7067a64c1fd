-- The current state of each order. It can be recomputed from the messages, clicks and overrides below.
CREATE TABLE conversions (
    partner_id text NOT NULL,
    order_id text NOT NULL,
    version bigint NOT NULL,  -- grows with whatever is added to the order; a writer names the one that it read
    revision integer NOT NULL,
    first_seen_at timestamptz NOT NULL,
    revised_at timestamptz NOT NULL,
    status text NOT NULL,
    hold boolean NOT NULL,
    held_by_us text[] NOT NULL,
    settled boolean NOT NULL,
    base numeric NOT NULL,
    rate numeric,
    accrual numeric NOT NULL,
    cashback bigint NOT NULL CHECK (cashback >= 0),  -- whole rubles
    reasons text[] NOT NULL,
    flags text[] NOT NULL,
    rewarded_elsewhere boolean NOT NULL,
    click_id text,  -- the owner; null while unmatched
    shopper_id text,
    clicked_at timestamptz,
    terms_version text REFERENCES terms_versions,
    surface text,
    device text,
    origin text,
    ordered_at timestamptz,
    confirm_by timestamptz,
    first_approved_at timestamptz,
    commission numeric,
    currency text NOT NULL,
    promo_code text,
    lines jsonb NOT NULL,
    PRIMARY KEY (partner_id, order_id)
);

CREATE INDEX conversions_by_shopper ON conversions (shopper_id, partner_id) WHERE shopper_id IS NOT NULL;
CREATE INDEX conversions_by_click ON conversions (click_id) WHERE click_id IS NOT NULL;
-- What staff list.
CREATE INDEX conversions_late ON conversions (first_seen_at) WHERE 'late' = ANY (reasons);
CREATE INDEX conversions_pending ON conversions (confirm_by) WHERE status = 'pending' AND confirm_by IS NOT NULL;
CREATE INDEX conversions_unmatched ON conversions (first_seen_at) WHERE click_id IS NULL;
CREATE INDEX conversions_held ON conversions (first_seen_at) WHERE held_by_us <> '{}';

-- The set of messages that a conversion is a function of. The receipt time is unique within an order and is the last
-- resort of the order key.
CREATE TABLE order_messages (
    partner_id text NOT NULL,
    order_id text NOT NULL,
    received_at timestamptz NOT NULL,
    postback_id uuid NOT NULL REFERENCES postbacks,
    report jsonb NOT NULL,
    click_id text,  -- the click that the message names, if we know it
    problem text,  -- otherwise why not
    PRIMARY KEY (partner_id, order_id, received_at)
);

-- The clicks that an order's messages name, as they were when first named: money never depends on another store.
CREATE TABLE order_clicks (
    partner_id text NOT NULL,
    order_id text NOT NULL,
    click_id text NOT NULL,
    facts jsonb NOT NULL,
    PRIMARY KEY (partner_id, order_id, click_id)
);

-- What staff decided, and why.
CREATE TABLE overrides (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id text NOT NULL,
    order_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('credit_late', 'release', 'claim')),
    reason text NOT NULL CHECK (reason ~ '\S'),
    staff text NOT NULL CHECK (staff ~ '\S'),
    at timestamptz NOT NULL,
    click_id text CHECK ((click_id IS NOT NULL) = (kind = 'claim'))
);

CREATE INDEX overrides_by_order ON overrides (partner_id, order_id);

-- Every state that a conversion has had. `fact` is what was shipped to ClickHouse, so that it can be shipped again.
CREATE TABLE conversion_revisions (
    partner_id text NOT NULL,
    order_id text NOT NULL,
    revision integer NOT NULL,
    revised_at timestamptz NOT NULL,
    postback_id uuid REFERENCES postbacks,  -- null: staff changed it
    status text NOT NULL,
    hold boolean NOT NULL,
    cashback bigint NOT NULL CHECK (cashback >= 0),
    cashback_change bigint NOT NULL,
    reasons text[] NOT NULL,
    flags text[] NOT NULL,
    fact bytea NOT NULL,
    PRIMARY KEY (partner_id, order_id, revision)
);

CREATE TRIGGER order_messages_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON order_messages FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_clicks_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON order_clicks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER overrides_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON overrides FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER conversion_revisions_are_immutable
BEFORE UPDATE OR DELETE OR TRUNCATE ON conversion_revisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
