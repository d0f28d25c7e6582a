"""Alembic's environment; revisions never import the tables, which move on while they stay."""
