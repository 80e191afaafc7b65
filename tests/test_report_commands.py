"""phuqr report: as typed, of the sample province; what is written, what is frozen, and what is refused."""

import csv
import io
import json
import shutil

import pandas as pd
import pytest
import sqlalchemy as sa
import typer
from docx import Document
from typer.testing import CliRunner

import phuqr
from dashboard import report_files
from geo import db
from geo.accounts import add_account
from geo.audit import operator
from geo.errors import PhuqrError, ReportError
from loaders.demo import load_sample
from loaders.reading import make_source
from loaders.scans import COLUMNS as SCAN_COLUMNS
from loaders.scans import load_scan_rows

WINDOW = ["--from", "2021-11-26", "--to", "2021-12-08"]
STEM = "440_2021-11-26_2021-12-08"


@pytest.fixture(scope="module")
def sample(database):
    load_sample()
    for name, role, unit in (("leader", "leader", "42"), ("district", "district", "440"), ("ky-anh", "district", "449")):
        add_account(operator(), name, role, [unit])
    return database


@pytest.fixture
def typed(sample):
    """A function that runs phuqr report in this process and gives what it printed; the error where it fails."""

    def run(*words):
        done = CliRunner().invoke(phuqr.build(), ["report", *map(str, words)])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    return run


def looks():
    with db.engine().connect() as connection:
        query = "SELECT account, detail FROM audit WHERE event = 'case_view' ORDER BY id"
        return [tuple(row) for row in connection.execute(sa.text(query))]


def words(path):
    return "\n".join(line.text for line in Document(path).paragraphs)


def test_a_letter_and_an_appendix_are_written_where_asked(typed, tmp_path):
    folder = tmp_path / "tháng 12" / "báo cáo"
    printed = typed("weekly", "--unit", "440", "--on", "2021-12-09", *WINDOW, "--out", folder)
    assert printed.splitlines() == [f"{folder}/bao-cao_{STEM}.docx", f"{folder}/phu-luc_{STEM}.xlsx"]
    assert "có 1.904 địa điểm tạo mới, trong đó có 570 điểm hoạt động (đạt 29,9\u00a0%)" in words(folder / f"bao-cao_{STEM}.docx")
    named = ["--campaign", "Đợt rà soát 26/11–08/12"]
    typed("weekly", "--unit", "440", "--on", "2021-12-09", *named, "--out", tmp_path / "named")
    for name in (f"bao-cao_{STEM}.docx", f"phu-luc_{STEM}.xlsx"):
        assert (folder / name).read_bytes() == (tmp_path / "named" / name).read_bytes()


def test_the_window_is_the_report_week_before(typed, tmp_path):
    for on in ("2021-12-09", "2021-12-10", "2021-12-15"):
        typed("weekly", "--unit", "440", "--on", on, "--out", tmp_path / on)
        assert (tmp_path / on / "bao-cao_440_2021-12-02_2021-12-08.docx").exists()
    typed("weekly", "--unit", "440", "--on", "2021-12-16", "--out", tmp_path)
    assert "từ ngày 09/12/2021 đến ngày 15/12/2021" in words(tmp_path / "bao-cao_440_2021-12-09_2021-12-15.docx")


def test_every_district_of_a_province_in_one_command(typed, tmp_path):
    printed = typed("weekly", "--unit", "42", "--on", "2021-12-09", "--all-districts", "--no-cases", "--out", tmp_path).splitlines()
    assert len(printed) == 26 and len(list(tmp_path.glob("*.docx"))) == 13
    assert "huyện Đức Thọ" in words(tmp_path / "bao-cao_440_2021-12-02_2021-12-08.docx")


def test_cases_are_told_on_record_only(typed, tmp_path):
    before = len(looks())
    typed("weekly", "--unit", "440", "--on", "2021-12-09", "--as", "district", "--out", tmp_path)
    typed("weekly", "--unit", "440", "--on", "2021-12-09", "--no-cases", "--out", tmp_path)
    assert len(looks()) == before
    for account in ([], ["--as", "leader"]):
        typed("weekly", "--unit", "440", "--on", "2021-12-09", *account, "--out", tmp_path)
    what = "weekly report of 440, 2021-12-02 to 2021-12-08"
    assert looks()[before:] == [(operator().name, what), (operator().name, f"{what}, as leader")]


def test_the_offices_words_come_from_a_file_too(typed, tmp_path):
    said = tmp_path / "khó khăn.txt"
    said.write_text("\ufeffThiếu thiết bị quét.\r\n", encoding="utf-8")
    typed("weekly", "--unit", "440", "--on", "2021-12-09", "--difficulties", f"@{said}", "--proposals", "Cấp kinh phí.", "--out", tmp_path)
    told = words(tmp_path / "bao-cao_440_2021-12-02_2021-12-08.docx").splitlines()
    assert "Thiếu thiết bị quét." in told and "Cấp kinh phí." in told


REFUSED = {
    "one of two days": (["--from", "2021-11-26"], "give both --from and --to"),
    "days and campaign": ([*WINDOW, "--campaign", "x"], "or --campaign"),
    "no such campaign": (["--campaign", "x"], "440 has no named window 'x'; it has 'Đợt rà soát 26/11–08/12'"),
    "not over": (["--from", "2021-12-02", "--to", "2021-12-09"], "not over on 09/12/2021"),
    "the wrong way round": (["--from", "2021-12-08", "--to", "2021-12-02"], "swap the two days"),
    "districts of a district": (["--all-districts"], "is no province"),
    "no file": (["--proposals", "@nowhere.txt"], "the file nowhere.txt cannot be opened"),
    "no text": (["--proposals", "@{binary}"], "is no UTF-8 text"),
    "no folder": (["--out", "{binary}/x"], "cannot be written to"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_is_one_sentence_that_says_what_to_do(typed, tmp_path, why):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    more, said = REFUSED[why]
    with pytest.raises(PhuqrError, match=said):
        typed("weekly", "--unit", "440", "--on", "2021-12-09", "--out", tmp_path / "out", *(word.format(binary=binary) for word in more))
    assert not (tmp_path / "out").exists()


def test_without_libreoffice_a_pdf_is_refused_before_anything_is_written(typed, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReportError, match="sudo apt-get install libreoffice-writer-nogui"):
        typed("weekly", "--unit", "440", "--on", "2021-12-09", "--pdf", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


STUBS = {
    "makes": ('for last in "$@"; do :; done; printf %PDF-1.7 > "${last%.docx}.pdf"', None),
    "fails": ('echo "source file could not be loaded" >&2', "LibreOffice made no PDF: source file could not be loaded"),
    "is silent": ("exit 1", "it said nothing"),
    "hangs": ("exec sleep 5", "took more than 1 seconds"),
}


@pytest.mark.parametrize("what", STUBS)
def test_libreoffice_has_a_profile_of_its_own_and_its_faults_are_told(typed, tmp_path, monkeypatch, what):
    script, said = STUBS[what]
    stub = tmp_path / "bin" / "soffice"
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/bash\necho "$@" >> {tmp_path}/asked\n{script}\n')
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}:/usr/bin:/bin")
    monkeypatch.setattr(report_files, "_SLOWEST", 1)
    asked = ["weekly", "--unit", "440", "--on", "2021-12-09", "--pdf", "--out", tmp_path / "out"]
    if said:
        with pytest.raises(ReportError, match=said):
            typed(*asked)
    else:
        assert typed(*asked).splitlines()[2].endswith("bao-cao_440_2021-12-02_2021-12-08.pdf")
    assert "-env:UserInstallation=file:///" in (tmp_path / "asked").read_text()


def test_issue_takes_the_options_of_weekly_and_can_send():
    commands = typer.main.get_command(phuqr.build()).commands["report"].commands
    names = [[option.opts for option in commands[name].params] for name in ("weekly", "issue")]
    assert [each for each in names[1] if each != ["--send"]] == names[0] and len(names[0]) == 12 and len(names[1]) == 13
    assert commands["weekly"].help != commands["issue"].help


def test_the_bulletin_of_a_day_is_written_issued_and_handed_out_again(typed, tmp_path):
    asked = ["daily", "--unit", "440", "--day", "2021-12-08"]
    printed = typed(*asked, "--out", tmp_path / "draft").splitlines()
    assert printed == [f"{tmp_path}/draft/ban-tin_440_2021-12-08.docx", f"{tmp_path}/draft/ban-tin_440_2021-12-08.xlsx"]
    said = words(tmp_path / "draft" / "ban-tin_440_2021-12-08.docx")
    assert "BẢN TIN HẰNG NGÀY" in said and "trên địa bàn huyện Đức Thọ có 2.123 địa điểm đã tạo mã QR" in said
    number, *_ = typed(*asked, "--issue", "--as", "district", "--out", tmp_path / "issued").split(":")
    number = number.removeprefix("report ")
    assert read_letters(tmp_path / "issued") == read_letters(tmp_path / "draft")
    typed("get", number, "--as", "district", "--out", tmp_path / "again")
    assert read_letters(tmp_path / "again") == read_letters(tmp_path / "issued")
    assert rows_of(typed("diff", number, "--format", "csv")) == []
    listed = {row["id"]: row for row in rows_of(typed("list", "--unit", "440", "--format", "csv"))}
    assert listed[number]["kind"] == "daily" and listed[number]["first_day"] == listed[number]["last_day"] == "2021-12-08"
    for day, more, why in (("2021-12-08", ["--on", "2021-12-08"], "is not over on 08/12/2021"), ("2021-12-08", ["--as", "ky-anh"], "there is no unit 440")):
        with pytest.raises(PhuqrError, match=why):
            typed("daily", "--unit", "440", "--day", day, *more, "--out", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def rows_of(printed):
    return list(csv.DictReader(io.StringIO(printed)))


def test_an_issued_report_is_handed_out_again_after_the_data_were_restated(typed, tmp_path):
    asked = ["--unit", "440", "--on", "2021-12-09", *WINDOW]
    printed = typed("issue", *asked, "--as", "district", "--difficulties", "Mất mạng.", "--out", tmp_path / "issued").splitlines()
    number = printed[0].split(":")[0].removeprefix("report ")
    assert printed[0] == f"report {number}: Huyện Đức Thọ, 26/11/2021 to 08/12/2021" and len(printed) == 3
    assert rows_of(typed("diff", number, "--as", "district", "--format", "csv")) == []
    with db.engine().connect() as connection:
        code = connection.scalar(sa.text("SELECT v.code FROM venue v WHERE v.commune_code = '18235' AND v.created_on = '2021-12-01' "
                                         "AND NOT EXISTS (SELECT FROM scan_day s WHERE s.venue_id = v.id) LIMIT 1"))  # fmt: skip
    before = read_letters(tmp_path / "issued")
    # told late, as the sample's own, which real rows would remove
    late = pd.DataFrame([{"venue_code": code, "day": "2021-12-08", "scans": "5", "people": "4"}])
    late = late.reindex(columns=list(SCAN_COLUMNS), fill_value="").set_axis([2])
    source = make_source("late", "late", late, {title: title for title in ("venue_code", "day", "scans", "people")})
    assert load_scan_rows(source, invented=True).rows_loaded == 1
    printed = typed("get", number, "--as", "district", "--out", tmp_path / "again").splitlines()
    assert len(printed) == 2 and read_letters(tmp_path / "again") == before
    typed("weekly", *asked, "--as", "district", "--difficulties", "Mất mạng.", "--out", tmp_path / "draft")
    assert read_letters(tmp_path / "draft") != before, "a draft tells of today's figures"
    told = {row["figure"]: row for row in rows_of(typed("diff", number, "--as", "district", "--format", "csv"))}
    assert (told["unit/cohort"]["old"], told["unit/cohort"]["new"], told["unit/cohort"]["difference"]) == ("570", "571", "1")
    assert told["communes/18235/active"]["name"] == "Xã Quang Vĩnh" and told["communes/18235/active"]["difference"] == "1"
    whole = json.loads(typed("diff", number, "--format", "json"))
    assert set(whole["load_runs_now"]) - set(whole["load_runs"]) and whole["cases_purged"] is False
    assert "unit/cohort" in typed("diff", number)


def read_letters(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_reports_are_listed_with_what_took_their_place(typed, tmp_path):
    asked = ["issue", "--unit", "449", "--on", "2021-12-09", "--no-cases", "--out", tmp_path]
    first, second = (typed(*asked).split(":")[0].removeprefix("report ") for _ in range(2))
    rows = rows_of(typed("list", "--unit", "449", "--format", "csv"))
    assert [(row["id"], row["state"], row["supersedes"], row["cases"]) for row in rows] == [
        (second, "issued", first, "false"), (first, "superseded", "", "false"),
    ]  # fmt: skip
    assert rows_of(typed("list", "--unit", "449", "--as", "district", "--format", "csv")) == []
    assert [row["id"] for row in rows_of(typed("list", "--unit", "42", "--as", "ky-anh", "--format", "csv"))] == [second, first]
    assert "Thị xã Kỳ Anh" in typed("list", "--unit", "42")
    for command in (["get", second, "--out", tmp_path / "none"], ["diff", second]):
        with pytest.raises(ReportError, match=f"there is no report {second}"):
            typed(*command, "--as", "district")
    assert not (tmp_path / "none").exists()


def test_handing_out_is_on_record_and_of_cases_twice(typed, tmp_path):
    number = typed("issue", "--unit", "440", "--on", "2021-12-16", "--out", tmp_path).split(":")[0].removeprefix("report ")
    with pytest.raises(ReportError, match=f"there is no report {number}"):
        typed("get", number, "--as", "district", "--out", tmp_path / "none")
    typed("get", number, "--as", "leader", "--out", tmp_path / "again")
    assert looks()[-1] == (operator().name, f"report {number}, as leader")
    with db.engine().connect() as connection:
        last = connection.execute(sa.text("SELECT account, event, detail FROM audit ORDER BY id DESC LIMIT 1")).one()
    assert tuple(last) == (operator().name, "download", f"report {number}, as leader")


def test_an_account_issues_no_report_out_of_its_scope(typed, tmp_path):
    with pytest.raises(PhuqrError, match="there is no unit 440"):
        typed("issue", "--unit", "440", "--on", "2021-12-09", "--as", "ky-anh", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_issued_that_cannot_be_handed_over(typed, tmp_path):
    (tmp_path / "file").write_text("")
    before = typed("list", "--unit", "442", "--format", "csv")
    with pytest.raises(ReportError, match="cannot be written to .*choose another --out"):
        typed("issue", "--unit", "442", "--on", "2021-12-09", "--out", tmp_path / "file")
    assert typed("list", "--unit", "442", "--format", "csv") == before


def test_who_has_filed(typed, tmp_path):
    typed("issue", "--unit", "441", "--on", "2021-12-09", "--no-cases", "--out", tmp_path)
    found = json.loads(typed("filed", "--unit", "42", "--on", "2021-12-09", "--format", "json"))
    assert (found["from"], found["to"], found["due"], found["total"]["due"]) == ("2021-12-02", "2021-12-08", "2021-12-09", 13)
    states = {row["code"]: row["state"] for row in found["rows"]}
    assert states["441"] == "late" and states["436"] == "missing", "issued today, years after it was due"
    printed = typed("filed", "--unit", "441", "--on", "2021-12-09")
    assert "Huyện Vũ Quang" in printed and "I14: 0 / 1" in printed


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not on this machine; what it is asked is tested above")
def test_libreoffice_makes_a_pdf_of_the_letter(typed, tmp_path):
    typed("weekly", "--unit", "440", "--on", "2021-12-09", "--pdf", "--out", tmp_path)
    assert (tmp_path / "bao-cao_440_2021-12-02_2021-12-08.pdf").read_bytes().startswith(b"%PDF-")
