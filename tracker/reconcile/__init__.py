"""A partner's statement against our books."""
