"""The read side: pages for shoppers, ClickHouse for analysts."""
