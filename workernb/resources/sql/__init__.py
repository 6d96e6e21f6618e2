"""SQL that Workers write: a database in a sandbox, statements, rows, migrations."""
