"""phuqr load assessments and phuqr assessments, as typed: who has answered and who has not, and the share scanned."""

import csv
import json

import pytest
from typer.testing import CliRunner

import phuqr
from geo.accounts import add_account
from geo.audit import operator

WEEK = ["--from", "2021-12-06", "--to", "2021-12-12"]
REGISTER = "organisation,commune_code,obligation_group\nKho bạc,18229,A\nChi cục Thuế,18229,A\nUBND phường,18754,A\n"
TOLD = """Cơ quan,Mã xã,Ngày tự đánh giá,Số điểm kiểm soát,Số người giám sát,Hệ thống đang dùng,Số người ra vào,Số người được quét
KHO BẠC,18229,07/12/2021,3,4,Thiết bị,200,150
UBND phường,18754,08/12/2021,1,1,Chưa có,,
Hội Một,18235,08/12/2021,1,0,Máy lạ,50,60
"""


@pytest.fixture(scope="module")
def typed(small_province, tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    (folder / "register.csv").write_text(REGISTER, encoding="utf-8")
    (folder / "tự đánh giá.csv").write_text(TOLD, encoding="utf-8")
    add_account(operator(), "duc-tho", "district", ["440"])

    def run(*words):
        done = CliRunner().invoke(phuqr.build(), list(map(str, words)))
        assert not done.exception, done.exception
        return done.stdout

    run("load", "register", folder / "register.csv")
    printed = run("load", "assessments", folder / "tự đánh giá.csv", "--max-refused", "50")
    assert "3 dòng = 2 nạp + 1 từ chối" in printed and "(scanned_above_head_count)" in printed
    return run


def test_by_district_counts_are_summed_and_divided(typed):
    found = json.loads(typed("assessments", "--unit", "42", *WEEK, "--by", "district", "--format", "json"))
    total = found["total"]
    assert (total["agencies"], total["answered"], total["answered_rate"]) == (3, 2, 0.666667)
    assert (total["entrants"], total["scanned"], total["scanned_rate"]) == (200, 150, 0.75)
    assert [(row["code"], row["scanned_rate"]) for row in found["rows"]] == [("440", 0.75), ("449", None)]
    assert set(found["definitions"]) < set(total) and found["by"] == "district"
    table = typed("assessments", "--unit", "42", *WEEK, "--by", "district")
    assert "Huyện Đức Thọ" in table and "scanned_rate: scanned / entrants, declared by the agencies themselves" in table


def test_by_agency_those_without_an_answer_come_first(typed):
    rows = list(csv.DictReader(typed("assessments", "--unit", "42", *WEEK, "--by", "agency", "--format", "csv").splitlines()))
    assert [(row["agency"], row["assessed_on"], row["scanned_rate"]) for row in rows] == [
        ("Chi cục Thuế", "", ""), ("Kho bạc", "2021-12-07", "0.7500"), ("UBND phường", "2021-12-08", ""),
    ]  # fmt: skip
    own = typed("assessments", "--unit", "440", *WEEK, "--by", "agency", "--format", "csv", "--as", "duc-tho")
    assert "UBND phường" not in own and "Kho bạc" in own
