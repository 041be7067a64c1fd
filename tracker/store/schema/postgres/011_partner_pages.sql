-- What the pages of partners and staff look up.
CREATE INDEX postbacks_by_partner ON postbacks (partner_id, received_at);
-- Both are rare, and are looked for among all that a partner ever sent.
CREATE INDEX postbacks_tests ON postbacks (partner_id) WHERE verdict = 'test';
CREATE INDEX revisions_taken_back ON conversion_revisions (partner_id)
    WHERE status = 'declined' OR cashback_change < 0;
