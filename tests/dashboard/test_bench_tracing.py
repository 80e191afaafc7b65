"""phuqr bench tracing, in small: what it prints, what it leaves behind, and that a miss is told. No time is tested."""

import json
import os

import pytest
import sqlalchemy as sa

from dashboard import bench_tracing
from geo import db
from geo.errors import PhuqrError


def test_tracing_is_measured_in_a_database_of_its_own_which_is_gone_afterwards(small_province, monkeypatch, capsys):
    for name, size in (("VENUES", 3000), ("VISITS", 2000)):
        monkeypatch.setattr(bench_tracing, name, size)
    before = db.database_url()
    bench_tracing.run_tracing_bench(2, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["venues"], found["visits"], found["runs"]) == (3000, 2000, 2)
    hotspots, district, clusters, *others = found["measures"]
    assert (hotspots["limit_ms"], district["limit_ms"], {each["limit_ms"] for each in (clusters, *others)}) == (500, 500, {None})
    assert hotspots["rows"] > district["rows"] > 0 and all(each["rows"] > 0 for each in others)
    assert db.database_url() == before
    with db.engine().connect() as connection:
        assert connection.scalar(sa.text(f"SELECT count(*) FROM pg_database WHERE datname LIKE 'phuqr_bench_{os.getpid()}_%'")) == 0
    monkeypatch.setattr(bench_tracing, "LIMIT_MS", 0.001)
    with pytest.raises(PhuqrError, match=r"above the limit of 0\.001 ms: hotspots of the province"):
        bench_tracing.run_tracing_bench(2, as_json=False)
    assert "3,000 venues, 2,000 visits" in capsys.readouterr().out
