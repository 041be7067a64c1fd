"""A partner's own page: where to send orders, what came of what was sent, and whether the round trip works."""
