"""Deadlines and named windows as data: what the letters order by which day."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_KNOWN = "unit_code IN (SELECT u.code FROM admin_unit u WHERE u.id <@ (SELECT scope_known()))"


def upgrade():
    campaign = op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("obligation_group", sa.Text()),
        sa.Column("first_day", sa.Date()),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("strict", sa.Boolean(), nullable=False),
        sa.Column("target", sa.Float()),
        sa.Column("decree", sa.Text()),
        sa.CheckConstraint("target > 0 AND target <= 1", name=op.f("campaign_target_check")),
        sa.CheckConstraint("first_day <= due_on - strict::int", name=op.f("campaign_days_check")),
        sa.CheckConstraint("target IS NOT NULL OR first_day IS NOT NULL", name=op.f("campaign_use_check")),
        sa.PrimaryKeyConstraint("id", name="campaign_pkey"),
        sa.UniqueConstraint("unit_code", "name", name="campaign_unit_code_name_key"),
    )
    op.execute("ALTER TABLE campaign ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY campaign_seen ON campaign FOR SELECT TO phuqr_viewer USING ({_KNOWN})")
    op.execute("CREATE POLICY campaign_loaded ON campaign TO phuqr_loader USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT ON campaign TO phuqr_viewer")
    op.execute("GRANT SELECT, INSERT, DELETE ON campaign TO phuqr_loader")
    hue, ha_tinh = "11731/UBND-CN ngày 06/12/2021", "Công văn của tỉnh Hà Tĩnh"
    op.bulk_insert(campaign, [
        {"name": "Cơ quan, đơn vị tạo mã QR", "unit_code": "42", "obligation_group": "A", "first_day": None,
         "due_on": date(2021, 11, 15), "strict": True, "target": 1.0, "decree": ha_tinh},
        {"name": "Cơ sở kinh doanh, dịch vụ tạo mã QR", "unit_code": "42", "obligation_group": "C", "first_day": None,
         "due_on": date(2021, 11, 16), "strict": True, "target": 1.0, "decree": ha_tinh},
        {"name": "Đợt rà soát 26/11–08/12", "unit_code": "440", "obligation_group": None, "first_day": date(2021, 11, 26),
         "due_on": date(2021, 12, 8), "strict": False, "target": None, "decree": "Công văn của huyện Đức Thọ"},
        {"name": "Tuần cao điểm 06/12–12/12", "unit_code": "46", "obligation_group": None, "first_day": date(2021, 12, 6),
         "due_on": date(2021, 12, 13), "strict": True, "target": None, "decree": hue},
    ])  # fmt: skip


def downgrade():
    op.drop_table("campaign")
