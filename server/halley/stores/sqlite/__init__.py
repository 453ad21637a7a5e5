"""The SQLite file: connection, migrations, writers."""
