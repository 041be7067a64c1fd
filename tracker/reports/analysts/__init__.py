"""What analysts see without writing SQL: ten questions, each one file of SQL that curl runs as well."""
