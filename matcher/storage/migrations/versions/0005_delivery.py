"""Delivery: when a letter was claimed, and which addresses send letters back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Plain ALTER TABLE: a batch would make "letter" anew on SQLite and lose its trigger."""
    op.add_column("letter", sa.Column("claimed_at", MOMENT))
    op.create_table(
        "bounce",
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("hard", sa.Boolean, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("problem", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("report", "address", name="pk_bounce"),
    )
    op.create_index("ix_bounce_address_at", "bounce", ["address", "at"])
    op.create_table(
        "suspension",
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("lifted_at", MOMENT),
        sa.Column("problem", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_suspension"),
    )


def downgrade() -> None:
    """Drop what was added."""
    op.drop_table("suspension")
    op.drop_table("bounce")
    op.drop_column("letter", "claimed_at")
