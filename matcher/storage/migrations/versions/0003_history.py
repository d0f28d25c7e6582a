"""What a source's runs are compared with: fill rates, what was wrong by name, the day a call was missed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; runs before this have no history."""
    with op.batch_alter_table("source_run") as table:
        table.add_column(sa.Column("fill", sa.JSON))
        table.add_column(sa.Column("violations", sa.JSON))
    with op.batch_alter_table("call") as table:
        table.add_column(sa.Column("missed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("call") as table:
        table.drop_column("missed_at")
    with op.batch_alter_table("source_run") as table:
        table.drop_column("violations")
        table.drop_column("fill")
