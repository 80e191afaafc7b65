"""Visits of inspection teams to venues, and what came of them."""

from dataclasses import replace

import pandas as pd

from geo.names import strip_marks
from geo.schema import inspection
from loaders.checking import (
    Findings,
    Seen,
    read_counts,
    read_days,
    read_flags,
    refuse_misread,
    refuse_repeated,
    require,
    translate,
)
from loaders.known_venues import KnownVenues
from loaders.reading import open_source
from loaders.values import DayReader, NumberReader
from loaders.writing import Staged, read_or_log, run_load

COLUMNS = {
    "venue_code": (True, ("Mã địa điểm", "Mã điểm", "Mã QR")),
    "inspected_on": (True, ("Ngày kiểm tra",)),
    "campaign": (False, ("Đợt kiểm tra", "Kế hoạch")),
    "outcome": (True, ("Kết quả", "Kết quả kiểm tra")),
    "posted": (False, ("Dán mã đúng quy định", "Dán mã", "Có thiết bị hoặc mã")),
    "supervisor": (False, ("Có người giám sát", "Người giám sát", "Giám sát")),
    "minutes": (False, ("Số phút đếm", "Thời gian đếm (phút)", "Số phút")),
    "head_count": (False, ("Số người vào", "Số người ra vào")),
    "scanned": (False, ("Số người được quét", "Số người quét")),
    "note": (False, ("Ghi chú",)),
}
_PRINTED = ("venue_code", "campaign")  # what the sheet of a worklist has before anything is filled in
_SHORTEST, _LONGEST, _DAY = 30, 60, 1440  # minutes: a count is of 30 to 60 as ordered
_OUTCOMES = {
    "passed": "passed", "dat": "passed", "reminded": "reminded", "nhac nho": "reminded",
    "suspend": "suspend", "de nghi tam dung": "suspend", "tam dung": "suspend",
    "sanction": "sanction", "de nghi xu phat": "sanction", "xu phat": "sanction",
}  # fmt: skip

# Columns of the table -> the headers they come from; without these in the file, what an earlier file told stays.
_OPTIONAL = {
    "posted": {"posted"}, "supervised": {"supervisor"}, "note": {"note"}, "minutes": {"minutes"},
    "head_count": {"head_count", "scanned"}, "scanned": {"head_count", "scanned"},
}  # fmt: skip


def load_inspections(path, mapping=None, **options):
    """Load a file of inspections; rows of venues that are not loaded are refused, those of a worklist that nobody filled in are left out."""
    source = _leave_unfilled(read_or_log("inspections", open_source, path, COLUMNS, mapping, options=options))
    return run_load("inspections", source, _Inspections, **options)


def _leave_unfilled(source):
    """The Source without the rows in which every column that a team fills in is empty; how many is noted."""
    filled = [title for column, title in source.headers.items() if column not in _PRINTED]

    def is_blank(chunk):
        return (chunk[filled] == "").all(axis=1)

    blank = sum(int(is_blank(chunk).sum()) for chunk in source.chunks())
    if not blank:
        return source

    def chunks():
        for chunk in source.chunks():
            kept = chunk[~is_blank(chunk)]
            if len(kept):
                yield kept

    return replace(source, chunks=chunks, notes=(*source.notes, f"Bỏ {blank} dòng chưa ghi kết quả kiểm tra"))


class _Inspections:
    def __init__(self, writing):
        self._writing, source = writing, writing.source
        self._venues, self._days, self._seen = KnownVenues(writing.connection), DayReader(), Seen()
        self._counts = {
            name: NumberReader(source.decimals.get(source.headers.get(name))) for name in ("minutes", "head_count", "scanned")
        }
        self._untold = [column for column, headers in _OPTIONAL.items() if not headers & source.headers.keys()]
        self._staged = Staged(writing, inspection, ["venue_id", "inspected_on", "campaign"])

    def check(self, rows):
        findings = Findings(rows, self._writing.source.headers)
        filled = require(findings, "venue_code")
        days = read_days(findings, "inspected_on", self._days)
        outcome = translate(rows["outcome"], lambda text: _OUTCOMES.get(strip_marks(text)))
        findings.add(outcome.isna(), "outcome", "unknown_outcome")
        posted, supervised = read_flags(findings, "posted"), read_flags(findings, "supervisor")
        head_count = read_counts(findings, "head_count", self._counts["head_count"], required=False)
        scanned = read_counts(findings, "scanned", self._counts["scanned"], required=False)
        findings.add((scanned > head_count).fillna(False), "scanned", "scanned_above_head_count")
        minutes = read_counts(findings, "minutes", self._counts["minutes"], required=False)
        findings.add((minutes > _DAY).fillna(False) | (minutes == 0).fillna(False), "minutes", "not_a_count")
        findings.add(((minutes < _SHORTEST) | (minutes > _LONGEST)).fillna(False), "minutes", "other_minutes", refused=False)
        at = self._venues.find(rows["venue_code"])
        findings.add(filled & (at < 0), "venue_code", "unknown_venue")
        findings.units = self._venues.units(at)
        known = (at >= 0) & days.notna().to_numpy()
        keys = pd.Series(at, index=rows.index).astype("str") + " " + days.astype("str") + " " + rows["campaign"]
        refuse_repeated(findings, self._seen, keys, known, "inspected_on")
        prepared = pd.DataFrame({
            "venue_id": self._venues.take("id", at), "inspected_on": days, "campaign": rows["campaign"], "outcome": outcome,
            "posted": posted, "supervised": supervised, "minutes": minutes.clip(upper=_DAY), "head_count": head_count,
            "scanned": scanned, "note": rows["note"],
        }, index=rows.index)  # fmt: skip
        return findings, prepared.drop(columns=self._untold)

    def write(self, prepared, accepted):
        self._staged.put(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source, [self._days], self._counts)
        self._writing.changed = self._staged.merge()
