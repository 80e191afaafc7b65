"""phuqr bench report, on two small districts: what it prints and that nothing is left behind. No time is tested."""

import json

import sqlalchemy as sa

from dashboard import bench_report
from geo import db


def count():
    with db.engine().connect() as connection:
        return connection.execute(sa.text("SELECT (SELECT count(*) FROM report), (SELECT count(*) FROM audit WHERE event = 'case_view')")).one()


def test_every_district_is_measured_and_nothing_is_issued(small_province, monkeypatch, capsys):
    monkeypatch.setattr(bench_report, "search_converter", lambda: None)
    issued, looks = count()
    bench_report.run_report_bench(2, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["province"], found["from"], found["to"], found["runs"]) == ("42", "2021-12-09", "2021-12-15", 2)
    read, made, whole = found["measures"]
    assert [each["name"] for each in found["measures"]] == [bench_report.STEPS["figures"], bench_report.STEPS["files"], "whole report"]
    assert {each["reports"] for each in found["measures"]} == {2}
    assert whole["total_s"] > made["total_s"] > 0 and read["slowest_s"] >= read["report_s"] > 0
    assert count() == (issued, looks + 4), "each look at cases is on record"
    monkeypatch.setattr(bench_report, "search_converter", lambda: "soffice")
    monkeypatch.setattr(bench_report, "make_pdf", lambda letter: letter[:2])
    bench_report.run_report_bench(2, as_json=False)
    printed = capsys.readouterr().out
    assert "all 2 districts of 42, 09/12/2021 to 15/12/2021" in printed and bench_report.STEPS["pdf"] in printed
