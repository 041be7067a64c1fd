"""Clicks are kept by the bundled Valkey and by Debian's Redis, behind a password, alike."""

from tests.stores import either_valkey_url

__all__ = ["either_valkey_url"]
