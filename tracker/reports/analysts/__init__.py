"""What analysts see without writing SQL: a few questions, each one file of SQL that curl runs as well."""
