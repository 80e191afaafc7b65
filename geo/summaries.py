"""The summaries that make any window quick to read: made of venues and scans, and kept equal to them in each load's transaction.

A commune's venues stand in the order of their days of creation and ids. A day's activity is a string of bits, one for each
venue in that order, so that the distinct venues scanned in a window are the OR of its days, those created by a day are the
first bits, and those of a kind are a mask. Days of creation and of first scans are kept sorted, to be counted by binary search.

Triggers note in summary_stale what changes in the facts. `refresh` brings the summaries up to date with that; `Tally` counts rows
that are copied straight into an empty month, which no trigger sees; `rebuild` makes everything from nothing.
"""

import numpy as np
import sqlalchemy as sa

from geo.bits import Activity, capacity_of, read_venues
from geo.bulk import EPOCH, NEVER, Arrays, bits, encode_row, number, read_numbers, staged, write_rows

TABLES = "commune_summary", "group_summary", "kind_summary", "activity_day", "activity_kind_day"
_MOST_BYTES = 64 << 20  # of rows that wait to be written together


def rebuild(connection):
    """Make all summaries anew from the facts, in a transaction of the loader or owner."""
    for table in (*TABLES, "summary_stale"):
        connection.execute(sa.text(f"DELETE FROM {table}"))
    connection.execute(sa.text("INSERT INTO summary_stale SELECT DISTINCT unit FROM venue"))
    connection.execute(sa.text("INSERT INTO summary_stale SELECT DISTINCT unit, day FROM scan_day"))
    refresh(connection)


def refresh(connection):
    """Bring the summaries up to date with what changed in the facts since they were made."""
    if not connection.scalar(sa.text("SELECT EXISTS (SELECT FROM summary_stale)")):
        return
    connection.execute(sa.text(_FIND_ADDED))
    units = connection.scalars(sa.text("SELECT DISTINCT unit FROM summary_stale WHERE unit IS NOT NULL ORDER BY unit"))
    venues = read_venues(connection, np.array(units.all(), "i4"), "SELECT unit FROM summary_stale")
    _reorder(connection, venues)
    _recount(connection, venues)
    _summarise(connection, venues, dict(map(tuple, connection.execute(sa.text(_STALE_SINCE)))))
    connection.execute(sa.text("DELETE FROM summary_stale"))
    connection.execute(sa.text("SELECT analyze_summaries()"))


class Tally:
    """Counts rows of scans that a load copies into empty months; made before the first of them, and kept after the last."""

    def __init__(self, connection):
        refresh(connection)  # or what is noted of these months until now would be counted from the rows to come
        self._connection, self._venues, self._months = connection, read_venues(connection), {}

    def add(self, rows):
        """Count rows of one month: a frame of day, venue_id, scans and people."""
        days = rows["day"].to_numpy("datetime64[D]")
        first = days[0].astype("datetime64[M]").astype("datetime64[D]")
        if first not in self._months:
            self._months[first] = Activity(self._venues, int((first - EPOCH).astype("i8")), 31)
        counts = (rows[name].to_numpy() for name in ("venue_id", "scans", "people"))
        self._months[first].add((days - EPOCH).astype("i8"), *counts)

    def keep(self):
        """Write what was counted."""
        refresh(self._connection)
        since = {}
        for first, month in self._months.items():
            for table in ("activity_day", "activity_kind_day"):  # of a table of the month that was dropped
                self._connection.execute(sa.text(f"DELETE FROM {table} {_OF_MONTH}"), {"first": first.item()})
            _write_activity(self._connection, *month.encode())
            for unit, day in month.first_days().items():
                since[unit] = min(day, since.get(unit, day))
        _summarise(self._connection, self._venues, since)
        self._connection.execute(sa.text("SELECT analyze_summaries()"))


def _reorder(connection, venues):
    """Turn the bits of the days of before to the order that the venues have now; those that are gone lose theirs."""
    old, at = _read_old(connection, venues)
    starts, stops = (np.searchsorted(old["unit"], venues.units, side) for side in ("left", "right"))
    moved = {}  # unit -> its bits now, and of the venues that stay the places before and after
    for n, unit in enumerate(venues.units.tolist()):
        of = at[starts[n] : stops[n]]
        before, after = np.flatnonzero(of >= 0), venues.places[of[of >= 0]]
        same = len(before) == len(of) and (before == after).all() and capacity_of(len(of)) == venues.capacities[n]
        if len(of) and not same:
            moved[unit] = venues.capacities[n], before, after
    rows = []
    for unit, days, masks in _read_masks(connection, dict.fromkeys(moved, _ALWAYS)):
        width, before, after = moved[unit]
        turned = np.zeros((len(days), width), "u1")
        turned[:, after] = masks[:, before]
        packed = np.packbits(turned, axis=1)
        rows += [encode_row(number(unit), number(day), bits(mask)) for day, mask in zip(days, packed, strict=True)]
    if rows:
        with staged(connection, "activity_day", ["unit", "day", "venues"], rows) as stage:
            connection.exec_driver_sql(_TURN.format(stage=stage))


def _read_old(connection, venues):
    """The venues as they are summarised, in their order (unit, id, first), and where in `venues` each is; -1 if not there."""
    names, query = ["unit", "id", "first"], _SUMMARISED.format(units=",".join(map(str, venues.units)) or "NULL")
    old = read_numbers(connection, query, names)
    at = venues.find(old["id"])
    if len(venues.ids):
        at[venues.units[venues.commune[at]] != old["unit"]] = -1
    return old, at


def _recount(connection, venues):
    """Count the days whose scans changed anew from the facts."""
    for table in ("activity_day", "activity_kind_day"):
        connection.execute(sa.text(_FORGET_DAYS.format(table=table)))
    days, kinds = [], []
    for day in connection.scalars(sa.text(_STALE_DAYS)).all():
        found = read_numbers(connection, _SCANS.format(day=day.isoformat()), ["id", "scans", "people"])
        of_day = int((np.datetime64(day) - EPOCH).astype("i8"))
        activity = Activity(venues, of_day)
        activity.add(of_day, *(found[name] for name in ("id", "scans", "people")))
        for rows, more in zip((days, kinds), activity.encode(), strict=True):
            rows += more
        if sum(map(len, kinds)) > _MOST_BYTES:
            _write_activity(connection, days, kinds)
            days, kinds = [], []
    _write_activity(connection, days, kinds)


def _write_activity(connection, days, kinds):
    write_rows(connection, "activity_day", ["unit", "day", "venues", "scans", "people"], days)
    write_rows(connection, "activity_kind_day", ["unit", "kind", "day", "scans", "people"], kinds)


def _summarise(connection, venues, since):
    """Write what is kept of the venues; since: the first day, by commune, whose scans may not be as they were."""
    first = _find_first_scans(connection, venues, since)
    for table in ("commune_summary", "group_summary", "kind_summary"):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE unit = ANY (:units)"), {"units": venues.units.tolist()})
    ids, created, scanned = Arrays(venues.ids, "integer"), Arrays(venues.created, "date"), Arrays(first, "date")
    rows = [
        encode_row(number(unit), *(each.take(start, stop) for each in (ids, created, scanned)))
        for unit, start, stop in zip(venues.units.tolist(), venues.starts[:-1].tolist(), venues.starts[1:].tolist(), strict=True)
        if stop > start
    ]
    write_rows(connection, "commune_summary", ["unit", "venues", "created", "first_scan"], rows)

    groups = sorted(set(venues.groups))
    group_of = np.array([groups.index(group) for group in venues.groups])[venues.kinds] if len(venues.ids) else venues.kinds
    keys, days = _encode_days(venues, first, venues.commune * len(groups) + group_of)
    rows = [
        encode_row(number(venues.units[key // len(groups)]), groups[key % len(groups)].encode(), *fields)
        for key, fields in zip(keys.tolist(), days, strict=True)
    ]
    write_rows(connection, "group_summary", ["unit", "obligation_group", *_DAYS], rows)

    keys, days = _encode_days(venues, first, venues.slots)
    rows = [
        encode_row(number(venues.units[venues.slot_communes[key]]), venues.codes[venues.slot_kinds[key]].encode(), *fields, mask)
        for key, fields, mask in zip(keys.tolist(), days, _encode_masks(venues), strict=True)
    ]
    write_rows(connection, "kind_summary", ["unit", "kind", *_DAYS, "venues"], rows)


def _find_first_scans(connection, venues, since):
    """The first day with scans of each venue, or NEVER."""
    old, at = _read_old(connection, venues)
    first = np.full(len(venues.ids), NEVER, "i4")
    first[at[at >= 0]] = old["first"][at >= 0]
    if not since:
        return first
    from_day = np.array([since.get(unit, NEVER) for unit in venues.units.tolist()], "i8")
    first[first >= from_day[venues.commune]] = NEVER
    for unit, days, masks in _read_masks(connection, since):
        n = np.searchsorted(venues.units, unit)
        of = slice(venues.starts[n], venues.starts[n + 1])
        masks = masks[:, : venues.sizes[n]]
        found = np.where(masks.any(axis=0), np.array(days)[masks.argmax(axis=0)], NEVER)
        first[of] = np.minimum(first[of], found)
    return first


def _encode_days(venues, first, keys):
    """The distinct keys of the venues, and by key, in turn, the fields created, scanned and devices."""
    distinct = np.unique(keys)
    device, scanned = venues.devices == 1, first < NEVER
    columns = []
    for among, days in ((slice(None), venues.created), (scanned, np.maximum(venues.created, first)), (device, venues.created)):
        order = np.lexsort((days[among], keys[among]))
        sorted_keys, arrays = keys[among][order], Arrays(days[among][order], "date")
        starts, stops = (np.searchsorted(sorted_keys, distinct, side).tolist() for side in ("left", "right"))
        columns.append([arrays.take(*ends) for ends in zip(starts, stops, strict=True)])
    return distinct, zip(*columns, strict=True)


def _encode_masks(venues):
    """By commune and kind, in turn, which of the commune's bits are of the kind, as a field."""
    ends = np.cumsum(venues.capacities[venues.slot_communes])
    starts = ends - venues.capacities[venues.slot_communes]
    held = np.zeros(ends[-1] if len(ends) else 0, "u1")
    held[starts[venues.slots] + venues.places] = 1
    packed = np.packbits(held)
    return [bits(packed[start // 8 : end // 8]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _read_masks(connection, since):
    """By commune (unit -> first day asked for): unit, days, and the bits of each day as rows of a matrix."""
    units = sorted(since)
    for part in (units[n : n + _COMMUNES] for n in range(0, len(units), _COMMUNES)):
        asked = {"units": part, "days": [since[unit] for unit in part]}
        for unit, days, text in connection.execute(sa.text(_MASKS), asked):
            yield unit, days, np.frombuffer(text.encode(), "u1").reshape(len(days), -1) - ord("0")


_DAYS = "created", "scanned", "devices"
_ALWAYS = -NEVER // 1000  # a day before all others
_COMMUNES = 500  # whose bits are read at once
_OF_MONTH = "WHERE day BETWEEN :first AND CAST(CAST(:first AS date) + interval '1 month' AS date) - 1"
_FIND_ADDED = """
    INSERT INTO summary_stale (unit)
    SELECT unit
    FROM (SELECT unit, count(*) AS venues FROM venue GROUP BY unit) v LEFT JOIN commune_summary s USING (unit)
    WHERE EXISTS (SELECT FROM summary_stale WHERE unit IS NULL) AND v.venues IS DISTINCT FROM cardinality(s.venues)
"""
_STALE_SINCE = """
    SELECT unit, min(day) - DATE '2000-01-01' FROM summary_stale WHERE day IS NOT NULL GROUP BY unit
"""
_STALE_DAYS = "SELECT DISTINCT day FROM summary_stale WHERE day IS NOT NULL ORDER BY day"
_FORGET_DAYS = """
    DELETE FROM {table} t USING (SELECT DISTINCT unit, day FROM summary_stale WHERE day IS NOT NULL) s
    WHERE t.unit = s.unit AND t.day = s.day
"""
_SCANS = """
    SELECT venue_id, scans, people FROM scan_day
    WHERE day = DATE '{day}' AND unit IN (SELECT unit FROM summary_stale WHERE day = DATE '{day}')
"""
_SUMMARISED = """
    SELECT s.unit, v.id, v.first
    FROM commune_summary s, unnest(s.venues, s.first_scan) WITH ORDINALITY AS v(id, first, place)
    WHERE s.unit IN ({units})
    ORDER BY s.unit, v.place
"""
_MASKS = """
    SELECT a.unit, array_agg(a.day - DATE '2000-01-01' ORDER BY a.day), string_agg(CAST(a.venues AS text), '' ORDER BY a.day)
    FROM unnest(CAST(:units AS integer[]), CAST(:days AS integer[])) AS asked(unit, since)
    JOIN activity_day a ON a.unit = asked.unit AND a.day >= DATE '2000-01-01' + asked.since
    GROUP BY a.unit
"""
_TURN = """
    UPDATE activity_day a SET venues = s.venues FROM {stage} s WHERE a.unit = s.unit AND a.day = s.day
"""
