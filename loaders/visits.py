"""Visits of traced cases, under pseudonyms: at a venue, or only in a commune at a place that is described."""

import numpy as np
import pandas as pd

from geo.names import strip_marks
from geo.schema import visit
from loaders.checking import Findings, Seen, is_empty, read_moments, refuse_misread, refuse_repeated, require, translate
from loaders.known_venues import KnownVenues
from loaders.places import PLACE_COLUMNS, Places
from loaders.reading import open_source
from loaders.values import DayReader
from loaders.writing import Staged, read_or_log, run_load

COLUMNS = {
    "case_code": (True, ("Mã ca", "Mã ca bệnh")),
    "case_class": (True, ("Phân loại", "Loại ca", "F0/F1")),
    "venue_code": (False, ("Mã địa điểm", "Mã điểm", "Mã QR")),
    **PLACE_COLUMNS,
    "place": (False, ("Nơi đến", "Địa điểm đến", "Mô tả nơi đến")),
    "arrived_at": (True, ("Thời điểm đến", "Giờ đến", "Đến lúc")),
    "left_at": (False, ("Thời điểm rời đi", "Giờ rời đi", "Rời lúc")),
    "source": (True, ("Nguồn", "Nguồn tin")),
}
_SOURCES = {"declared": "declared", "khai bao": "declared", "scanned": "scanned", "quet ma": "scanned"}
_KEYS = ["case_code", "arrived_at", "venue_id", "vintage", "commune_code", "place"]


def load_visits(path, mapping=None, **options):
    """Load a file of visits. A departure that is not told stays unknown."""
    return run_load(
        "visits", read_or_log("visits", open_source, path, COLUMNS, mapping, options=options), _Visits, **options
    )


class _Visits:
    def __init__(self, writing):
        self._writing, self._headers = writing, writing.source.headers
        self._venues, self._places, self._seen = KnownVenues(writing.connection), Places(writing), Seen()
        self._moments = {column: DayReader() for column in ("arrived_at", "left_at")}
        self._staged = Staged(writing, visit, _KEYS)

    def check(self, rows):
        findings = Findings(rows, self._headers)
        require(findings, "case_code")
        case_class = rows["case_class"].str.upper()
        findings.add(~case_class.isin(["F0", "F1"]), "case_class", "unknown_class")
        source = translate(rows["source"], lambda text: _SOURCES.get(strip_marks(text)))
        findings.add(source.isna(), "source", "unknown_source")
        arrived = read_moments(findings, "arrived_at", self._moments["arrived_at"])
        left = read_moments(findings, "left_at", self._moments["left_at"], required=False)
        findings.add(left < arrived, "left_at", "left_before_arrived")

        at_venue = ~is_empty(rows["venue_code"])
        at = self._venues.find(rows["venue_code"])
        findings.add(at_venue & (at < 0), "venue_code", "unknown_venue")
        vintages, codes, units = self._place(findings, rows, ~at_venue, arrived)
        findings.add(~at_venue & is_empty(rows["place"]), "place", "nowhere")
        known = at >= 0
        vintages[known], codes[known] = (
            self._venues.take("vintage", at)[known],
            self._venues.take("commune_code", at)[known],
        )
        findings.units = np.where(known, self._venues.take("unit", at), units)
        venue_id = pd.arrays.IntegerArray(self._venues.take("id", at).astype("i8"), ~known)
        prepared = pd.DataFrame({
            "case_code": rows["case_code"], "case_class": case_class, "venue_id": venue_id, "vintage": vintages,
            "commune_code": codes, "place": rows["place"], "arrived_at": arrived, "left_at": left, "source": source,
        }, index=rows.index)  # fmt: skip
        keys = prepared[_KEYS].astype("str").fillna("").agg("\x1f".join, axis=1)
        refuse_repeated(findings, self._seen, keys, findings.accepted(), "arrived_at")
        # without departures in the file, those that an earlier one told stay
        return findings, prepared if "left_at" in self._headers else prepared.drop(columns="left_at")

    def _place(self, findings, rows, wanted, arrived):
        """Vintage, commune_code and unit (arrays) of the rows `wanted`, which take what is wrong with the place."""
        vintages, codes, units = np.zeros(len(rows), "i8"), np.full(len(rows), None, object), np.zeros(len(rows), "i8")
        if wanted.any():
            part = Findings(rows[wanted], self._headers)
            local = arrived[wanted].dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None)
            placed = self._places.place(part, local)
            vintages[wanted], codes[wanted], units[wanted] = placed.vintages, placed.codes, placed.units
            findings.include(part)
        return vintages, codes, units

    def write(self, prepared, accepted):
        self._staged.put(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source, self._moments.values())
        self._writing.changed = self._staged.merge()
