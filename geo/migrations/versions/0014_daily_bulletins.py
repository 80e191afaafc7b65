"""Daily bulletins are issued and kept as weekly reports are."""

from alembic import op

revision = "0014"
down_revision = "0013"

_NAME = "report_kind_check"


def _allow(*kinds):
    told = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(f"ALTER TABLE report DROP CONSTRAINT {_NAME}")
    # those that were kept stay, whatever the kind
    op.execute(f"ALTER TABLE report ADD CONSTRAINT {_NAME} CHECK (kind IN ({told})) NOT VALID")


def upgrade():
    _allow("weekly", "daily")
    op.execute(f"ALTER TABLE report VALIDATE CONSTRAINT {_NAME}")


def downgrade():
    op.execute("DROP FUNCTION IF EXISTS read_report_version")
    _allow("weekly")
