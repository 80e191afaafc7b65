"""Reports that were made on the page and not issued, and the routes by which files of drafts and of issued reports are taken away."""

import secrets
import weakref

from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard.navigation import PAGES
from geo import db
from geo.audit import record
from geo.errors import ReportChangedError, ReportError
from geo.reports import read_issued, reading
from geo.tracing import CASE_ROLES

DRAFT, ISSUED = "/report/draft/{token}/{name}", "/report/issued/{number:number}/{name}"
_MEDIA = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
_drafts = weakref.WeakValueDictionary()  # token -> Draft


class Draft:
    """A report that an Actor has made: the Weekly or Bulletin, and its files (name -> bytes), as long as the session's state holds this object.

    version: that of the data it was made of. asked: what it was made for.
    """

    def __init__(self, reader, version, asked, found, files):
        self.reader, self.version, self.asked, self.found, self.files = reader, version, asked, found, files
        self.token = secrets.token_urlsafe(24)
        _drafts[self.token] = self

    @property
    def folder(self):
        """The address below which its files are."""
        return f"/report/draft/{self.token}"


def draft_file(request):
    """A file of a draft, to the account that made it while its role and scope are the same and that page is open; on record."""
    reader, name = _reader(request), request.path_params["name"]
    found = _drafts.get(request.path_params["token"])
    if found is None or found.reader != reader or name not in found.files:
        raise HTTPException(404)
    return _hand_over(reader, name, found.files[name], f"draft {name}")


def issued_file(request):
    """A file of an issued report, byte for byte as it was issued, its hash checked; on record, one that tells of cases twice."""
    reader, number, name = _reader(request), request.path_params["number"], request.path_params["name"]
    files = _read_files(reader, number)
    if name not in files:
        raise HTTPException(404)
    return _hand_over(reader, name, files[name], f"report {number}: {name}")


def _reader(request):
    reader = request.state.reader
    if reader.scope.role not in PAGES["reports"].roles:
        raise HTTPException(404)
    return reader


def _read_files(reader, number):
    """The files of a report; 404 where there is none, or none to be seen. One that tells of cases is asked for only where there is no other."""
    for cases in (False, None) if reader.scope.role in CASE_ROLES else (False,):
        try:
            with reading(reader, f"report {number}", cases) as (connection, _):
                return read_issued(connection, number).files
        except ReportChangedError:
            raise
        except ReportError:
            continue
    raise HTTPException(404)


def _hand_over(reader, name, content, what):
    with db.gating() as connection:
        record(connection, reader, "download", what)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=_MEDIA.get(name.rpartition(".")[2], "application/octet-stream"), headers=headers)
