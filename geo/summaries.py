"""The summaries that make any window quick to read: made of venues and scans, and kept equal to them in each load's transaction.

A commune's venues stand in the order of their days of creation and ids. A day's activity is a string of bits, one for each
venue in that order, so that the distinct venues scanned in a window are the OR of its days, those created by a day are the
first bits, and those of a kind are a mask. Days of creation and of first scans are kept sorted, to be counted by binary search.

Triggers note in summary_stale what changes in the facts. `refresh` brings the summaries up to date with that; `Tally` counts rows
that are copied straight into an empty month, which no trigger sees; `rebuild` makes everything from nothing.
"""

import numpy as np
import sqlalchemy as sa

from geo.bits import Activity, capacity_of, read_summarised, read_venues
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
        self._connection, self._venues, self._months = connection, read_summarised(connection), {}

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
        connection, venues, scanned = self._connection, self._venues, self._venues.first
        for first, month in self._months.items():
            for table in ("activity_day", "activity_kind_day"):  # of a table of the month that was dropped
                connection.execute(sa.text(f"DELETE FROM {table} {_OF_MONTH}"), {"first": first.item()})
            _write_activity(connection, *month.encode())
            scanned = np.minimum(scanned, month.first_scans())
        for table, keys, rows, fields in _encode(venues, scanned, whole=False):
            ((column, values),) = fields.items()
            encoded = (encode_row(*row, value) for row, value in zip(rows, values, strict=True))
            with staged(connection, table, [*keys, column], encoded) as stage:
                same = " AND ".join(f"t.{key} = s.{key}" for key in keys)
                connection.exec_driver_sql(f"UPDATE {table} t SET {column} = s.{column} FROM {stage} s WHERE {same}")
        connection.execute(sa.text("SELECT analyze_summaries()"))


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
    for table, keys, rows, fields in _encode(venues, first):
        connection.execute(sa.text(f"DELETE FROM {table} WHERE unit = ANY (:units)"), {"units": venues.units.tolist()})
        encoded = (encode_row(*row, *values) for row, *values in zip(rows, *fields.values(), strict=True))
        write_rows(connection, table, [*keys, *fields], encoded)


def _encode(venues, first, whole=True):
    """By table of what is kept of venues: its name and keys, the fields of these by row, and by column those of the others.

    whole: all columns; else only those that hang on first scans.
    """
    unit = [number(each) for each in venues.units.tolist()]
    groups = sorted(set(venues.groups))
    group = np.array([groups.index(each) for each in venues.groups])[venues.kinds]
    scanned, since = first < NEVER, np.maximum(venues.created, first)

    of, distinct = venues.commune, np.flatnonzero(venues.sizes)
    fields = {"first_scan": _split(first, of, distinct, sort=False)}
    if whole:
        fields |= {"venues": _split(venues.ids, of, distinct, "integer", sort=False), "created": _split(venues.created, of, distinct)}
    yield "commune_summary", ["unit"], [(unit[key],) for key in distinct], fields

    of = venues.commune * len(groups) + group
    distinct = np.unique(of)
    rows = [(unit[key // len(groups)], groups[key % len(groups)].encode()) for key in distinct]
    yield "group_summary", ["unit", "obligation_group"], rows, _encode_days(venues, since, scanned, of, distinct, whole)

    of, distinct = venues.slots, np.arange(len(venues.slot_kinds))
    rows = [(unit[venues.slot_communes[key]], venues.codes[venues.slot_kinds[key]].encode()) for key in distinct]
    fields = _encode_days(venues, since, scanned, of, distinct, whole)
    yield "kind_summary", ["unit", "kind"], rows, fields | ({"venues": _encode_masks(venues)} if whole else {})


def _encode_days(venues, since, scanned, of, distinct, whole):
    fields = {"scanned": _split(since[scanned], of[scanned], distinct)}
    if whole:
        device = venues.devices == 1
        fields["created"] = _split(venues.created, of, distinct)
        fields["devices"] = _split(venues.created[device], of[device], distinct)
    return fields


def _split(values, of, distinct, kind="date", sort=True):
    """The values as one array's field for each of the `distinct` that they are `of`; sorted, or in their order."""
    order = np.lexsort((values, of)) if sort else np.argsort(of, kind="stable")
    arrays, of = Arrays(values[order], kind), of[order]
    ends = (np.searchsorted(of, distinct, side).tolist() for side in ("left", "right"))
    return [arrays.take(start, stop) for start, stop in zip(*ends, strict=True)]


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
