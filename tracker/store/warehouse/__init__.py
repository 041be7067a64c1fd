"""The analysts' history: every fact in ClickHouse, embedded or a server."""
