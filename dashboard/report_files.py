"""The files of a report: the letter and its appendix, made of one reading; and the letter as PDF, by LibreOffice."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from dashboard.bulletin_letter import write_bulletin
from dashboard.bulletin_sheet import write_bulletin_sheet
from dashboard.report_letter import write_letter
from dashboard.report_pictures import draw_days, draw_map
from dashboard.report_sheet import write_sheet
from geo.daily import read_bulletin
from geo.errors import ReportError
from geo.reports import reading
from geo.weekly import read_report

_SLOWEST = 180  # seconds that LibreOffice may take


def make_files(connection, weekly, difficulties, proposals, text):
    """name -> bytes of the letter (docx) and the appendix (xlsx), the same for the same data and words."""
    stem = f"{weekly.unit.code}_{weekly.window.first}_{weekly.window.last}"
    pictures = {"map": draw_map(connection, weekly, text), "days": draw_days(weekly.days, text)}
    return {
        f"bao-cao_{stem}.docx": write_letter(weekly, pictures, difficulties, proposals, text),
        f"phu-luc_{stem}.xlsx": write_sheet(weekly, text),
    }


def make_bulletin_files(bulletin, text):
    """The same of a daily bulletin."""
    stem = f"ban-tin_{bulletin.unit.code}_{bulletin.day}"
    picture = draw_days(bulletin.days, text)
    return {f"{stem}.docx": write_bulletin(bulletin, picture, text), f"{stem}.xlsx": write_bulletin_sheet(bulletin, text)}


def make_report(actor, unit, window, on, words, text, cases=None, account=None):
    """The Weekly of a unit as an Actor sees it, and its files; words: difficulties and proposals, None for lines to fill.

    cases: as geo.reports.reading has it. account: as whom the actor looks, for the record.
    """
    what = f"weekly report of {unit}, {window.first} to {window.last}"
    with reading(actor, f"{what}, as {account}" if account else what, cases) as (connection, seen):
        found = read_report(connection, unit, window, on, seen)
        return found, make_files(connection, found, *words, text)


def make_bulletin(actor, unit, day, text, on=None):
    """The Bulletin of a unit as an Actor sees it, and its files."""
    with reading(actor, "", cases=False) as (connection, _):
        found = read_bulletin(connection, unit, day, on)
    return found, make_bulletin_files(found, text)


def add_pdf(files):
    """The files with their letter as PDF too."""
    letter = next(name for name in files if name.endswith(".docx"))
    return files | {letter.replace(".docx", ".pdf"): make_pdf(files[letter])}


def search_converter():
    """The path of LibreOffice, by which a PDF is made; None where it is not on this machine."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def find_converter():
    """The path of LibreOffice; ReportError where it is not there."""
    found = search_converter()
    if not found:
        raise ReportError("a PDF needs LibreOffice, which is not on this machine; type: sudo apt-get install libreoffice-writer-nogui, or leave --pdf out")
    return found


def make_pdf(letter):
    """A docx (bytes) as PDF (bytes), under a profile of its own, so that no other LibreOffice is in the way; ReportError where it fails."""
    converter = find_converter()
    with tempfile.TemporaryDirectory(prefix="phuqr-pdf-") as folder:
        source = Path(folder) / "letter.docx"
        source.write_bytes(letter)
        profile = (Path(folder) / "profile").as_uri()
        words = [converter, f"-env:UserInstallation={profile}", "--headless", "--convert-to", "pdf", "--outdir", folder, str(source)]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=_SLOWEST, check=False)
        except subprocess.TimeoutExpired:
            raise ReportError(f"LibreOffice took more than {_SLOWEST} seconds for the PDF; the docx is there without it") from None
        made = source.with_suffix(".pdf")
        if not made.exists():
            said = (done.stderr or done.stdout).strip().splitlines()
            raise ReportError(f"LibreOffice made no PDF: {said[-1] if said else 'it said nothing'}; the docx is there without it")
        return made.read_bytes()
