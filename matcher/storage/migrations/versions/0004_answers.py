"""What committees answer about calls, a call's status as it was told, and weeks without a letter."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the answers, each kept for ever: the latest of a committee about a call counts."""
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("committee", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("role", sa.Text),
        sa.Column("who", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answer"),
        sa.ForeignKeyConstraint(
            ["source", "source_id"],
            ["call.source", "call.source_id"],
            name="fk_answer_source_source_id_call",
        ),
    )
    op.create_index("ix_answer_committee_at", "answer", ["committee", "at"])
    op.add_column("told", sa.Column("status", sa.Text))
    op.create_table(
        "silence",
        sa.Column("committee", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("committee", "period", "kind", name="pk_silence"),
    )


def downgrade() -> None:
    """Forget the answers."""
    op.drop_table("silence")
    op.drop_column("told", "status")
    op.drop_table("answer")
