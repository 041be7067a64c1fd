"""How every part of the tracker reaches PostgreSQL."""
