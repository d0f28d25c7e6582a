"""What is kept: calls with their history, matches, letters, in SQLite or PostgreSQL."""
