"""Realistic, seeded traffic against a running tracker, and what it must lead to, written down a second time."""
