"""Calls know the page they were read from; the bytes of letters that are done may be dropped."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MESSAGE = "a sent or failed letter never moves, and its bytes never change"
# what is done may lose its bytes (retention), never get others
_DROPPED = "NOT (OLD.state IN ('sent', 'failed') AND length(NEW.body) = 0)"


def _guard(body: str) -> tuple[str, ...]:
    """The trigger on "letter", with the condition under which another body is refused.

    A later batch migration of "letter" makes the table anew on SQLite and must create the trigger again.
    """
    if op.get_bind().dialect.name == "postgresql":
        return (
            f"""
            CREATE OR REPLACE FUNCTION letter_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF (OLD.state IN ('sent', 'failed') AND NEW.state IS DISTINCT FROM OLD.state)
                OR (NEW.body IS DISTINCT FROM OLD.body AND {body})
                OR NEW.message_id IS DISTINCT FROM OLD.message_id
                OR NEW.recipient IS DISTINCT FROM OLD.recipient
              THEN
                RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = '{_MESSAGE}';
              END IF;
              RETURN NEW;
            END $$
            """,
        )
    return (
        "DROP TRIGGER IF EXISTS letter_guard",
        f"""
        CREATE TRIGGER letter_guard BEFORE UPDATE ON letter
        WHEN (OLD.state IN ('sent', 'failed') AND NEW.state IS NOT OLD.state)
          OR (NEW.body IS NOT OLD.body AND {body})
          OR NEW.message_id IS NOT OLD.message_id OR NEW.recipient IS NOT OLD.recipient
        BEGIN
          SELECT RAISE(ABORT, '{_MESSAGE}');
        END
        """,
    )


def upgrade() -> None:
    """Pages get the request and the notes they were read with, calls and versions their page."""
    with op.batch_alter_table("page") as page:
        page.add_column(sa.Column("request", sa.Text, nullable=False, server_default=""))
        page.add_column(sa.Column("notes", sa.JSON))
        page.drop_constraint("uq_page_source_url_sha256", type_="unique")
        page.create_index("ix_page_source_url", ["source", "url"])
        page.create_index("ix_page_sha256", ["sha256"])
    for table in ("call", "call_version"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("page_id", sa.Integer))
            batch.create_foreign_key(
                f"fk_{table}_page_id_page", "page", ["page_id"], ["id"], ondelete="SET NULL"
            )
            batch.create_index(f"ix_{table}_page_id", ["page_id"])
    for statement in _guard(_DROPPED):
        op.execute(statement)


def downgrade() -> None:
    """Forget which page a call was read from; of pages that differ only in their notes, one is left."""
    for statement in _guard("TRUE"):
        op.execute(statement)
    for table in ("call_version", "call"):
        with op.batch_alter_table(table) as batch:
            batch.drop_index(f"ix_{table}_page_id")
            batch.drop_constraint(f"fk_{table}_page_id_page", type_="foreignkey")
            batch.drop_column("page_id")
    op.execute("DELETE FROM page WHERE id NOT IN (SELECT max(id) FROM page GROUP BY source, url, sha256)")
    with op.batch_alter_table("page") as page:
        page.drop_index("ix_page_sha256")
        page.drop_index("ix_page_source_url")
        page.create_unique_constraint("uq_page_source_url_sha256", ["source", "url", "sha256"])
        page.drop_column("notes")
        page.drop_column("request")
