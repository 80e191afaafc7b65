"""The files of a weekly report: the letter and its appendix, made of one reading; and the letter as PDF, by LibreOffice."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from dashboard.report_letter import write_letter
from dashboard.report_pictures import draw_days, draw_map
from dashboard.report_sheet import write_sheet
from geo.errors import ReportError

_SLOWEST = 180  # seconds that LibreOffice may take


def make_files(connection, weekly, difficulties, proposals, text):
    """name -> bytes of the letter (docx) and the appendix (xlsx), the same for the same data and words."""
    stem = f"{weekly.unit.code}_{weekly.window.first}_{weekly.window.last}"
    pictures = {"map": draw_map(connection, weekly, text), "days": draw_days(weekly, text)}
    return {
        f"bao-cao_{stem}.docx": write_letter(weekly, pictures, difficulties, proposals, text),
        f"phu-luc_{stem}.xlsx": write_sheet(weekly, text),
    }


def find_converter():
    """The path of LibreOffice; ReportError where it is not there."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
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
