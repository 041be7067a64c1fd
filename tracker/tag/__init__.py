"""The tag of partners' pages: its script, its reports, and the self-test of a shop (docs/partners.md)."""
