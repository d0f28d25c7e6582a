"""Runs the revisions on the connection, and in the transaction, that Database.upgrade() holds."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes.get("metadata"),  # only for comparing, and for writing a new revision
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
