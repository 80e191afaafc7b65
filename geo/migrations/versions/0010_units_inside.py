"""The units inside others are found in an index alone, since each transaction of a reader of the country asks for all of them."""

from alembic import op

revision = "0010"
down_revision = "0009"

_NAME, _COLUMNS = "admin_unit_vintage_parent_code_idx", ["vintage", "parent_code"]


def upgrade():
    op.drop_index(_NAME, "admin_unit")
    op.create_index(_NAME, "admin_unit", _COLUMNS, postgresql_include=["id", "code"])


def downgrade():
    op.drop_index(_NAME, "admin_unit")
    op.create_index(_NAME, "admin_unit", _COLUMNS)
