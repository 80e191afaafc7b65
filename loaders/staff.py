"""What agencies return of their staff: how many they are, and how many have the app."""

import pandas as pd

from geo.schema_offices import staff_return
from loaders.checking import Findings, Seen, read_counts, read_days, refuse_misread, refuse_repeated, require
from loaders.places import PLACE_COLUMNS, Places, open_placed
from loaders.values import DayReader, NumberReader
from loaders.writing import Staged, read_or_log, run_load

COLUMNS = {
    "organisation": (True, ("Cơ quan, đơn vị", "Cơ quan", "Đơn vị", "Tên cơ quan")),
    **PLACE_COLUMNS,
    "returned_on": (True, ("Ngày báo cáo", "Tính đến ngày")),
    "staff": (True, ("Tổng số cán bộ, công chức, viên chức, người lao động", "Số cán bộ, nhân viên", "Tổng số người")),
    "installed": (True, ("Số người đã cài đặt ứng dụng", "Đã cài đặt", "Số đã cài đặt")),
}


def load_staff(path, mapping=None, **options):
    """Load a file of returns; an agency's later return holds from its day on, one of the same day replaces it."""
    source = read_or_log("staff", open_placed, path, COLUMNS, mapping, options=options)
    return run_load("staff", source, _Staff, **options)


class _Staff:
    def __init__(self, writing):
        self._writing, source = writing, writing.source
        self._places, self._days, self._seen = Places(writing), DayReader(), Seen()
        self._counts = {
            name: NumberReader(source.decimals.get(source.headers.get(name))) for name in ("staff", "installed")
        }
        self._staged = Staged(writing, staff_return, ["vintage", "code", "organisation", "returned_on"])

    def check(self, rows):
        findings = Findings(rows, self._writing.source.headers)
        named = require(findings, "organisation")
        days = read_days(findings, "returned_on", self._days)
        placed = self._places.place(findings, days)
        staff, installed = (read_counts(findings, name, reader) for name, reader in self._counts.items())
        findings.add((installed > staff).fillna(False), "installed", "installed_above_staff")
        keys = pd.Series(placed.units, index=rows.index).astype("str") + " " + days.astype("str") + " " + rows["organisation"]
        refuse_repeated(findings, self._seen, keys, named & (placed.units > 0) & days.notna().to_numpy(), "organisation")
        return findings, pd.DataFrame({
            "vintage": placed.vintages, "code": placed.codes, "unit": placed.units, "organisation": rows["organisation"],
            "returned_on": days, "staff": staff, "installed": installed,
        }, index=rows.index)  # fmt: skip

    def write(self, prepared, accepted):
        self._staged.put(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source, [self._days], self._counts)
        self._writing.changed = self._staged.merge()
