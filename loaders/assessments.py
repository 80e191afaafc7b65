"""What agencies declare of themselves: points, who supervises, what scans, and how many of those who went in and out were scanned."""

import pandas as pd
import sqlalchemy as sa

from geo.assessments import GROUP, fold_agency
from geo.names import strip_marks
from geo.schema import organisation
from geo.schema_offices import agency_assessment
from loaders.checking import Findings, Seen, read_counts, read_days, refuse_misread, refuse_repeated, require, translate
from loaders.places import PLACE_COLUMNS, Places, open_placed
from loaders.values import DayReader, NumberReader
from loaders.writing import Staged, read_or_log, run_load

COLUMNS = {
    "organisation": (True, ("Cơ quan, đơn vị", "Cơ quan", "Đơn vị", "Tên cơ quan")),
    **PLACE_COLUMNS,
    "assessed_on": (True, ("Ngày tự đánh giá", "Ngày đánh giá", "Ngày báo cáo")),
    "points": (True, ("Số điểm kiểm soát", "Điểm kiểm soát", "Số điểm quét")),
    "supervisors": (True, ("Số người giám sát", "Người giám sát", "Số người hướng dẫn, giám sát")),
    "system": (True, ("Hệ thống đang dùng", "Hệ thống sử dụng", "Hình thức quét")),
    "entrants": (False, ("Số người ra vào", "Số người vào", "Lượt người ra vào")),
    "scanned": (False, ("Số người được quét", "Số người quét", "Lượt người được quét")),
}
SYSTEMS = {  # as files say it, without marks
    "poster": "poster", "ma qr dan": "poster", "ma qr": "poster", "qr": "poster", "pc covid": "poster", "pc-covid": "poster",
    "device": "device", "thiet bi": "device", "thiet bi quet": "device", "the kiem soat dich benh": "device",
    "both": "both", "ma qr dan va thiet bi": "both", "ca hai": "both", "other": "other", "khac": "other", "he thong khac": "other",
    "none": "none", "chua co": "none", "khong": "none", "khong co": "none",
}  # fmt: skip


def load_assessments(path, mapping=None, **options):
    """Load a file of self-assessments; an agency's later one stands beside, one of the same day replaces it."""
    source = read_or_log("assessments", open_placed, path, COLUMNS, mapping, options=options)
    return run_load("assessments", source, _Assessments, **options)


class _Assessments:
    def __init__(self, writing):
        self._writing, source = writing, writing.source
        self._places, self._days, self._seen = Places(writing), DayReader(), Seen()
        self._counts = {
            name: NumberReader(source.decimals.get(source.headers.get(name))) for name in ("points", "supervisors", "entrants", "scanned")
        }
        self._registered = _read_registered(writing.connection)
        self._staged = Staged(writing, agency_assessment, ["vintage", "code", "organisation", "assessed_on"])

    def check(self, rows):
        findings = Findings(rows, self._writing.source.headers)
        named = require(findings, "organisation")
        days = read_days(findings, "assessed_on", self._days)
        placed = self._places.place(findings, days)
        points, supervisors = (read_counts(findings, name, self._counts[name]) for name in ("points", "supervisors"))
        entrants, scanned = (read_counts(findings, name, self._counts[name], required=False) for name in ("entrants", "scanned"))
        for name, count, other in (("entrants", entrants, scanned), ("scanned", scanned, entrants)):
            findings.add((rows[name] == "") & other.notna(), name, "missing")
        findings.add((scanned > entrants).fillna(False), "scanned", "scanned_above_head_count")
        require(findings, "system")
        system = translate(rows["system"], lambda text: SYSTEMS.get(strip_marks(text)))
        findings.add(system.isna() & (rows["system"] != ""), "system", "unknown_system", refused=False)
        known, names = self._find_registered(placed, rows["organisation"])
        if self._registered:
            findings.add(named & (placed.units > 0) & ~known, "organisation", "not_in_register", refused=False)
        keys = pd.Series(placed.units, index=rows.index).astype("str") + " " + days.astype("str") + " " + names
        refuse_repeated(findings, self._seen, keys, named & (placed.units > 0) & days.notna().to_numpy(), "organisation")
        return findings, pd.DataFrame({
            "vintage": placed.vintages, "code": placed.codes, "unit": placed.units, "organisation": names, "assessed_on": days,
            "points": points, "supervisors": supervisors, "system": system.fillna("other"), "entrants": entrants, "scanned": scanned,
        }, index=rows.index)  # fmt: skip

    def _find_registered(self, placed, names):
        """Whether the register has each agency in its commune, and the name that it has there, or else that of the file."""
        folded = translate(names, fold_agency)
        keys = zip(placed.vintages.tolist(), placed.codes, folded, strict=True)
        found = pd.Series([self._registered.get(key) for key in keys], index=names.index, dtype=object)
        return found.notna().to_numpy(), found.where(found.notna(), names).astype("str")

    def write(self, prepared, accepted):
        self._staged.put(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source, [self._days], self._counts)
        self._writing.changed = self._staged.merge()


def _read_registered(connection):
    """(vintage, commune's code, folded name) -> name of the register's agencies; those of two that fold alike are left out."""
    columns = organisation.c.vintage, organisation.c.commune_code, organisation.c.name
    found, alike = {}, set()
    for vintage, code, name in connection.execute(sa.select(*columns).where(organisation.c.obligation_group == GROUP)):
        key = vintage, code, fold_agency(name)
        alike |= {key} & found.keys()
        found[key] = name
    return {key: name for key, name in found.items() if key not in alike}
