"""Polygons drawn at three tolerances; changes of units that tell their run, and whether a share was estimated."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# The next load of a vintage draws it anew; until then what there is serves: it shares its borders.
_DRAWN = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE admin_unit RENAME COLUMN geom_simple TO geom_50m;
ALTER TABLE admin_unit ADD COLUMN geom_10m geometry(MULTIPOLYGON, 4326), ADD COLUMN geom_500m geometry(MULTIPOLYGON, 4326);
UPDATE admin_unit SET geom_10m = geom_50m, geom_500m = geom_50m;
ALTER TABLE admin_unit ALTER COLUMN geom_10m SET NOT NULL, ALTER COLUMN geom_500m SET NOT NULL;
"""
_KEYS = {"from": ["from_vintage", "from_code"], "to": ["to_vintage", "to_code"]}


def upgrade():
    op.execute(_DRAWN)
    op.add_column("unit_change", sa.Column("estimated", sa.Boolean(), server_default="false", nullable=False))
    # Not null at once: until now no loader wrote into this table
    op.add_column("unit_change", sa.Column("load_run", sa.Integer(), nullable=False))
    op.create_foreign_key("unit_change_load_run_fkey", "unit_change", "load_run", ["load_run"], ["id"])
    for side, columns in _KEYS.items():
        op.drop_constraint(f"unit_change_{side}_fkey", "unit_change")
        op.create_foreign_key(
            f"unit_change_{side}_fkey", "unit_change", "admin_unit", columns, ["vintage", "code"], ondelete="CASCADE"
        )
    op.create_index("unit_change_to_vintage_to_code_idx", "unit_change", ["to_vintage", "to_code"])
    op.execute("GRANT DELETE ON unit_change TO phuqr_loader")


def downgrade():
    op.execute("REVOKE DELETE ON unit_change FROM phuqr_loader")
    op.drop_index("unit_change_to_vintage_to_code_idx", "unit_change")
    for side, columns in _KEYS.items():
        op.drop_constraint(f"unit_change_{side}_fkey", "unit_change")
        op.create_foreign_key(f"unit_change_{side}_fkey", "unit_change", "admin_unit", columns, ["vintage", "code"])
    op.drop_column("unit_change", "load_run")
    op.drop_column("unit_change", "estimated")
    op.drop_column("admin_unit", "geom_10m")
    op.drop_column("admin_unit", "geom_500m")
    op.execute("ALTER TABLE admin_unit RENAME COLUMN geom_50m TO geom_simple")
