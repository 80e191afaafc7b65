"""Numbers of venues are taken a thousand at once, since a load of hundreds of thousands waits for each."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade():
    op.execute("ALTER TABLE venue ALTER COLUMN id SET CACHE 1000")


def downgrade():
    op.execute("ALTER TABLE venue ALTER COLUMN id SET CACHE 1")
