"""phuqr bench coverage at a small size: both sides count the same, and no database stays. No time is tested."""

import json
import os

import pytest
import sqlalchemy as sa

from dashboard import bench_coverage
from dashboard.bench_coverage import Size, run_coverage_bench
from geo import db
from geo.errors import PhuqrError

SMALL = [Size("province", 6, 2, 1, 60, 40, 500, 60_000.0), Size("country", 12, 4, 2, 120, 20, 900, 60_000.0)]
DATABASES = f"SELECT count(*) FROM pg_database WHERE datname LIKE 'phuqr_bench_{os.getpid()}_%'"


@pytest.fixture
def small(database, monkeypatch, tmp_path):
    """The bench with few venues, on made-up squares."""
    monkeypatch.setattr(bench_coverage, "SIZES", SMALL)
    monkeypatch.setattr(bench_coverage, "COUNTRY", tmp_path / "none.gpkg")
    monkeypatch.setattr(bench_coverage, "LEAST_RATIO", 0.0)


def count_databases():
    with db.engine().connect() as connection:
        return connection.scalar(sa.text(DATABASES))


def test_windows_are_measured_beside_the_plain_count(small, capsys):
    before = count_databases()
    run_coverage_bench(2, True)
    told = json.loads(capsys.readouterr().out)
    assert [each["by"] for each in told["measures"]] == (["commune"] * 4 + ["district", "province", "kind", "department"]) * 2
    assert all(each["ms"] > 0 for each in told["measures"])
    assert [each["plain_ms"] is not None for each in told["measures"]] == ([True] * 4 + [False] * 4) * 2
    assert abs(told["databases"]["country"]["scan_days"] - 900) < 200
    assert count_databases() == before


def test_a_wrong_count_is_no_measure(small, monkeypatch):
    before = count_databases()
    monkeypatch.setattr(bench_coverage, "_PLAIN", bench_coverage._PLAIN.replace("count(DISTINCT s.venue_id) FILTER (WHERE s.day >= :first)", "count(*)"))
    with pytest.raises(PhuqrError, match="do not count the same"):
        run_coverage_bench(2, True)
    assert count_databases() == before


def test_above_the_limit_is_said(small, monkeypatch, capsys):
    monkeypatch.setattr(bench_coverage, "SIZES", [Size("province", 6, 2, 1, 60, 40, 500, 0.001)])
    with pytest.raises(PhuqrError, match="above the limit: province by commune: [0-9]+ ms"):
        run_coverage_bench(2, False)
    assert "plain counts, ms" in capsys.readouterr().out
