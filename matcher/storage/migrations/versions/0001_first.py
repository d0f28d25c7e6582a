"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# Letters that are done stay done, and what was frozen stays frozen, whatever code runs against the table.
# A later batch migration of "letter" makes the table anew on SQLite and must create the trigger again.
SQLITE_GUARD = """
CREATE TRIGGER letter_guard BEFORE UPDATE ON letter
WHEN (OLD.state IN ('sent', 'failed') AND NEW.state IS NOT OLD.state)
  OR NEW.body IS NOT OLD.body OR NEW.message_id IS NOT OLD.message_id OR NEW.recipient IS NOT OLD.recipient
BEGIN
  SELECT RAISE(ABORT, 'a sent or failed letter never moves, and its bytes never change');
END
"""
POSTGRESQL_GUARD = (
    """
CREATE FUNCTION letter_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.state IN ('sent', 'failed') AND NEW.state IS DISTINCT FROM OLD.state)
    OR NEW.body IS DISTINCT FROM OLD.body
    OR NEW.message_id IS DISTINCT FROM OLD.message_id
    OR NEW.recipient IS DISTINCT FROM OLD.recipient
  THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = 'a sent or failed letter never moves, and its bytes never change';
  END IF;
  RETURN NEW;
END $$
""",
    "CREATE TRIGGER letter_guard BEFORE UPDATE ON letter FOR EACH ROW EXECUTE FUNCTION letter_guard()",
)


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "source_run",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("new", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("withdrawn", sa.Integer, nullable=False),
        sa.Column("unread", sa.JSON, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("traceback", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_source_run"),
    )
    op.create_index("ix_source_run_source_id", "source_run", ["source", "id"])
    op.create_table(
        "call",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("closes_at", MOMENT),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("last_changed", MOMENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.Column("missing_runs", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
        sa.UniqueConstraint("source", "source_id", name="uq_call_source_source_id"),
    )
    op.create_table(
        "call_version",
        sa.Column("call_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "version", name="pk_call_version"),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_call_version_call_id_call"),
    )
    op.create_table(
        "call_change",
        sa.Column("call_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "version", "field", name="pk_call_change"),
        sa.ForeignKeyConstraint(
            ["call_id", "version"],
            ["call_version.call_id", "call_version.version"],
            name="fk_call_change_call_id_version_call_version",
        ),
    )
    op.create_index("ix_call_change_seen_at", "call_change", ["seen_at"])
    op.create_table(
        "page_body",
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_page_body"),
    )
    op.create_table(
        "page",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("content_type", sa.Text),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("fetched_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_page"),
        sa.UniqueConstraint("source", "url", "sha256", name="uq_page_source_url_sha256"),
        sa.ForeignKeyConstraint(["sha256"], ["page_body.sha256"], name="fk_page_sha256_page_body"),
    )
    op.create_table(
        "committee_match",
        sa.Column("committee", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("band", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("config_version", sa.Text, nullable=False),
        sa.Column("matched_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("committee", "source", "source_id", name="pk_committee_match"),
        sa.ForeignKeyConstraint(
            ["source", "source_id"],
            ["call.source", "call.source_id"],
            name="fk_committee_match_source_source_id_call",
        ),
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("committee", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", MOMENT),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", MOMENT),
        sa.Column("sent_at", MOMENT),
        sa.Column("problem", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_letter"),
        sa.UniqueConstraint(
            "committee", "period", "kind", "recipient", name="uq_letter_committee_period_kind_recipient"
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'uncertain')", name="ck_letter_state"
        ),
    )
    op.create_index("ix_letter_state_next_attempt_at", "letter", ["state", "next_attempt_at"])
    op.create_table(
        "told",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("committee", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("section", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.Column("call", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_told"),
        sa.UniqueConstraint(
            "committee",
            "source",
            "source_id",
            "section",
            "period",
            name="uq_told_committee_source_source_id_section_period",
        ),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeat"),
    )
    op.create_table(
        "configuration",
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_configuration"),
    )
    guard = POSTGRESQL_GUARD if op.get_bind().dialect.name == "postgresql" else (SQLITE_GUARD,)
    for statement in guard:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything, children first."""
    for table in (
        "configuration",
        "heartbeat",
        "told",
        "letter",
        "committee_match",
        "page",
        "page_body",
        "call_change",
        "call_version",
        "call",
        "source_run",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION letter_guard()")
