"""A shopper leaves every store: a stand-in takes their place, and every sum stays (docs/personal-data.md)."""
