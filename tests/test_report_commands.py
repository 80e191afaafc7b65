"""phuqr report: as typed, of the sample province; what is written, what is frozen, and what is refused."""

import pytest
import sqlalchemy as sa
from docx import Document
from typer.testing import CliRunner

import phuqr
from dashboard import report_files
from geo import db
from geo.accounts import add_account
from geo.audit import operator
from geo.errors import PhuqrError, ReportError
from loaders.demo import load_sample

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
