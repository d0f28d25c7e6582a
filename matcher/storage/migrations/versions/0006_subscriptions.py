"""Subscriptions: by which token a recipient ends one committee's letters, and since when it has."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "subscription",
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("committee", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("token", name="pk_subscription"),
        sa.UniqueConstraint("committee", "address", name="uq_subscription_committee_address"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("subscription")
