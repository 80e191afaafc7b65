"""Tracing: its rules, visits as they were told before, reviews of hotspots and of gaps, purges and what they keep."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_COMMUNE = (
    "(vintage, commune_code) IN (SELECT u.vintage, u.code FROM admin_unit u WHERE u.id <@ (SELECT scope_inside()))"
)
_INSIDE = "NOT (unit <@ (SELECT '{(,)}'::int4multirange - scope_inside()))"  # as of scan_day, see 0002
# Asked of each row, not of all venues at once: of two million these would be more than fits into memory.
_VENUE = "EXISTS (SELECT FROM venue v WHERE v.id = venue_id AND v.unit <@ (SELECT scope_inside()))"
_SEEN = {
    "visit_history": f"(SELECT sees_cases()) AND {_COMMUNE}",
    "case_week": f"(SELECT sees_cases()) AND {_COMMUNE}",
    "gap_week": f"(SELECT sees_cases()) AND {_COMMUNE}",
    "hotspot_review": f"(SELECT sees_cases()) AND {_VENUE}",
    "rectification": f"(SELECT sees_cases()) AND {_VENUE}",
    "visit_purge": "province IN (SELECT u.code FROM admin_unit u WHERE u.level = 1 AND u.id <@ (SELECT scope_known()))",
}
_WRITTEN_BY_LOADER = ("visit_history", "case_week", "gap_week", "visit_purge")
_ADDED_TO = ("hotspot_review", "rectification")

_RULE_COLUMNS = ("rule", "kind", "value", "decision")
_I12 = "Mặc định theo chỉ tiêu I12: từ 2 ca F0 trong 7 ngày; chưa có quyết định riêng của tỉnh"
_WHO = "WHO, Contact tracing in the context of COVID-19, 01/02/2021: 2 ngày trước đến 13 ngày sau khởi phát hoặc lấy mẫu"
_KEPT = "Mặc định theo định nghĩa lượt đến của ca bệnh: lưu 28 ngày; chưa có quyết định riêng của tỉnh"
_OWN = "Giả định của phần mềm; chưa có quyết định của tỉnh"
_STAYS = {
    "office": 30, "business": 60, "industrial_zone": 480, "eatery": 60, "cafe": 60, "bar": 120, "karaoke": 120, "massage": 90,
    "beauty": 90, "gym": 90, "hospital": 120, "apartment": 60, "school": 240, "station": 30, "mall": 60, "market": 30, "shop": 15,
    "tourism": 120, "worship": 60, "vehicle": 120, "meeting": 120, "ceremony": 120,
}  # fmt: skip
# Where people are close together indoors, or crowds gather: what Phú Yên's letter closes or limits first
_CROWDED = ("bar", "karaoke", "massage", "gym", "eatery", "hospital", "market", "mall", "station", "vehicle", "ceremony", "worship")
_RULES = [
    ("hotspot_cases", None, 2, _I12),
    ("hotspot_days", None, 7, _I12),
    ("infectious_days_before", None, 2, _WHO),
    ("infectious_days_after", None, 13, _WHO),
    ("keep_days", None, 28, _KEPT),
    ("stay_minutes", None, 60, _OWN),
    *(("stay_minutes", kind, minutes, _OWN) for kind, minutes in _STAYS.items()),
    ("grade_cases", None, 3, _OWN),
    ("grade_exposed", None, 50, _OWN),
    ("grade_recent_days", None, 3, _OWN),
    ("grade_kind", None, 0, _OWN),
    *(("grade_kind", kind, 1, _OWN) for kind in _CROWDED),
    ("cluster_metres", None, 500, _OWN),
    ("cluster_venues", None, 3, _OWN),
]

# Hours carry the number of their commune as days do: of millions, the policy compares numbers only.
_HOURS = """
ALTER TABLE scan_hour ADD COLUMN unit integer;
UPDATE scan_hour h SET unit = v.unit FROM venue v WHERE v.id = h.venue_id;
ALTER TABLE scan_hour ALTER COLUMN unit SET NOT NULL;
CREATE OR REPLACE FUNCTION move_scans() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    IF EXISTS (SELECT FROM before JOIN after USING (id) WHERE before.unit <> after.unit) THEN
        UPDATE public.scan_day s SET unit = after.unit
        FROM before JOIN after USING (id)
        WHERE before.unit <> after.unit AND s.venue_id = after.id;
        UPDATE public.scan_hour s SET unit = after.unit
        FROM before JOIN after USING (id)
        WHERE before.unit <> after.unit AND s.venue_id = after.id;
    END IF;
    RETURN NULL;
END $$;
"""
_HOURS_BEFORE = """
ALTER POLICY scan_hour_seen ON scan_hour USING (venue_id IN (SELECT v.id FROM venue v WHERE v.unit <@ (SELECT scope_inside())));
ALTER TABLE scan_hour DROP COLUMN unit;
CREATE OR REPLACE FUNCTION move_scans() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off AS $$
BEGIN
    IF EXISTS (SELECT FROM before JOIN after USING (id) WHERE before.unit <> after.unit) THEN
        UPDATE public.scan_day s SET unit = after.unit
        FROM before JOIN after USING (id)
        WHERE before.unit <> after.unit AND s.venue_id = after.id;
    END IF;
    RETURN NULL;
END $$;
"""

_TRIGGERS = """
CREATE FUNCTION keep_visit() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.visit_history (visit_id, case_code, case_class, onset_on, venue_id, vintage, commune_code, place,
                                      arrived_at, left_at, source, load_run, until_run)
    VALUES (OLD.id, OLD.case_code, OLD.case_class, OLD.onset_on, OLD.venue_id, OLD.vintage, OLD.commune_code, OLD.place,
            OLD.arrived_at, OLD.left_at, OLD.source, OLD.load_run, NEW.load_run);
    RETURN NULL;
END $$;
-- What one run tells twice was never known otherwise
CREATE TRIGGER visit_corrected AFTER UPDATE ON visit FOR EACH ROW
    WHEN (OLD.load_run <> NEW.load_run AND
          (OLD.case_class, OLD.onset_on, OLD.venue_id, OLD.vintage, OLD.commune_code, OLD.place, OLD.arrived_at, OLD.left_at, OLD.source)
          IS DISTINCT FROM
          (NEW.case_class, NEW.onset_on, NEW.venue_id, NEW.vintage, NEW.commune_code, NEW.place, NEW.arrived_at, NEW.left_at, NEW.source))
    EXECUTE FUNCTION keep_visit();

CREATE FUNCTION find_next_arrivals() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.visit v SET next_at = CASE WHEN v.left_at IS NULL THEN n.next_at END
    FROM (SELECT id, first_value(arrived_at) OVER (
                     PARTITION BY case_code ORDER BY arrived_at
                     RANGE BETWEEN '0.000001 s'::interval FOLLOWING AND UNBOUNDED FOLLOWING) AS next_at
          FROM public.visit WHERE case_code IN (SELECT case_code FROM told)) n
    WHERE n.id = v.id AND v.next_at IS DISTINCT FROM CASE WHEN v.left_at IS NULL THEN n.next_at END;
    RETURN NULL;
END $$;
CREATE TRIGGER visit_told AFTER INSERT ON visit REFERENCING NEW TABLE AS told
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION find_next_arrivals();
CREATE TRIGGER visit_retold AFTER UPDATE ON visit REFERENCING NEW TABLE AS told
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION find_next_arrivals();

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = 'decisions are added to, never changed';
END $$;
"""

_GRANTS = """
GRANT SELECT ON tracing_rule, visit_history, case_week, gap_week, hotspot_review, rectification TO phuqr_viewer;
GRANT SELECT (id, purged_at, province, last_day) ON visit_purge TO phuqr_viewer;
GRANT SELECT, INSERT, UPDATE ON tracing_rule TO phuqr_loader;
GRANT SELECT, INSERT, DELETE ON visit_history, case_week, gap_week TO phuqr_loader;
GRANT SELECT, INSERT ON visit_purge TO phuqr_loader;
"""


def upgrade():
    op.create_table(
        "tracing_rule",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("province", sa.Text()),
        sa.Column("kind", sa.Text()),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "rule IN ('hotspot_cases', 'hotspot_days', 'stay_minutes', 'infectious_days_before', 'infectious_days_after', "
            "'keep_days', 'grade_cases', 'grade_exposed', 'grade_recent_days', 'grade_kind', 'cluster_metres', 'cluster_venues')",
            name="tracing_rule_rule_check",
        ),
        sa.CheckConstraint("value >= 0", name="tracing_rule_value_check"),
        sa.CheckConstraint("valid_until >= valid_from", name="tracing_rule_valid_until_check"),
        sa.ForeignKeyConstraint(["kind"], ["venue_kind.code"], name="tracing_rule_kind_fkey"),
        sa.PrimaryKeyConstraint("id", name="tracing_rule_pkey"),
        sa.UniqueConstraint(
            "rule", "province", "kind", "valid_from", name="tracing_rule_told_key", postgresql_nulls_not_distinct=True
        ),
    )
    op.bulk_insert(
        sa.table("tracing_rule", *(sa.column(name) for name in (*_RULE_COLUMNS, "valid_from"))),
        [dict(zip(_RULE_COLUMNS, row, strict=True)) | {"valid_from": "2020-01-01"} for row in _RULES],
    )
    op.add_column("visit", sa.Column("onset_on", sa.Date()))
    op.add_column("visit", sa.Column("next_at", sa.DateTime(timezone=True)))
    op.create_index(
        "visit_exposed_idx", "visit", ["arrived_at"],
        postgresql_include=["venue_id", "vintage", "commune_code", "load_run"],
        postgresql_where=sa.text("case_class = 'F0' AND venue_id IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "visit_crossed_idx", "visit", ["venue_id", "arrived_at"],
        postgresql_include=["case_code", "vintage", "commune_code", "onset_on", "load_run"],
        postgresql_where=sa.text("case_class = 'F0'"),
    )  # fmt: skip
    op.create_table(
        "visit_history",
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("case_code", sa.Text(), nullable=False),
        sa.Column("case_class", sa.Text(), nullable=False),
        sa.Column("onset_on", sa.Date()),
        sa.Column("venue_id", sa.Integer()),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("place", sa.Text()),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True)),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("load_run", sa.Integer(), nullable=False),
        sa.Column("until_run", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["load_run"], ["load_run.id"], name="visit_history_load_run_fkey"),
    )
    op.create_index("visit_history_visit_id_idx", "visit_history", ["visit_id"])
    op.create_index("visit_history_venue_id_idx", "visit_history", ["venue_id"])
    op.create_index("visit_history_arrived_at_idx", "visit_history", ["arrived_at"])
    op.create_table(
        "visit_purge",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.CheckConstraint("visits >= 0", name="visit_purge_visits_check"),
        sa.PrimaryKeyConstraint("id", name="visit_purge_pkey"),
    )
    _create_week("case_week", [sa.Column("cases", sa.Integer(), nullable=False)])
    counts = [sa.Column(name, sa.Integer(), nullable=False) for name in ("a", "b", "c", "covered", "unknown")]
    _create_week("gap_week", [sa.Column("kind", sa.Text()), *counts])
    for table, states, said in (
        ("hotspot_review", "'proposed', 'confirmed', 'closed'", "reason"),
        ("rectification", "'open', 'answered', 'rectified'", "note"),
    ):
        op.create_table(
            table,
            sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
            sa.Column("venue_id", sa.Integer(), nullable=False),
            sa.Column("state", sa.Text(), nullable=False),
            sa.Column(said, sa.Text(), nullable=False),
            sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
            sa.Column("account", sa.Text(), nullable=False),
            sa.Column("seen_run", sa.Integer(), nullable=False),
            sa.CheckConstraint(f"state IN ({states})", name=f"{table}_state_check"),
            sa.PrimaryKeyConstraint("id", name=f"{table}_pkey"),
        )
        op.create_index(f"{table}_venue_id_idx", table, ["venue_id"])
    op.execute(_TRIGGERS)
    op.execute(_GRANTS)
    for table, seen in _SEEN.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_seen ON {table} FOR SELECT TO phuqr_viewer USING ({seen})")
    for table in _WRITTEN_BY_LOADER:
        op.execute(f"CREATE POLICY {table}_loaded ON {table} TO phuqr_loader USING (true) WITH CHECK (true)")
    for table in _ADDED_TO:
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )
    op.execute(_HOURS)
    op.execute(f"ALTER POLICY scan_hour_seen ON scan_hour USING ({_INSIDE})")


def _create_week(name, counts):
    key = ["week", "vintage", "commune_code"]
    keyed = (
        sa.PrimaryKeyConstraint(*key, name=f"{name}_pkey")
        if name == "case_week"
        else sa.UniqueConstraint(*key, "kind", name=f"{name}_key", postgresql_nulls_not_distinct=True)
    )
    op.create_table(
        name,
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("vintage", sa.Integer(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        *counts,
        sa.Column("purge", sa.Integer(), nullable=False),
        keyed,
        *([] if name == "case_week" else [sa.ForeignKeyConstraint(["kind"], ["venue_kind.code"], name=f"{name}_kind_fkey")]),
        sa.ForeignKeyConstraint(["purge"], ["visit_purge.id"], name=f"{name}_purge_fkey"),
        sa.ForeignKeyConstraint(
            ["vintage", "commune_code"], ["admin_unit.vintage", "admin_unit.code"], name=f"{name}_commune_fkey"
        ),
    )


def downgrade():
    op.execute(
        "DROP FUNCTION IF EXISTS tracing_rule_on, visit_end, judge_visits, read_scan_days, read_case_weeks, "
        "read_tracing_version, reviewing_units, review_hotspot, rectify_venues"
    )
    op.execute(_HOURS_BEFORE)
    op.execute("DROP TRIGGER visit_corrected ON visit; DROP TRIGGER visit_told ON visit; DROP TRIGGER visit_retold ON visit")
    for table in ("hotspot_review", "rectification", "gap_week", "case_week", "visit_purge", "visit_history", "tracing_rule"):
        op.drop_table(table)
    op.execute("DROP FUNCTION keep_visit, find_next_arrivals, refuse_rewriting")
    op.drop_index("visit_exposed_idx", "visit")
    op.drop_index("visit_crossed_idx", "visit")
    op.drop_column("visit", "next_at")
    op.drop_column("visit", "onset_on")
