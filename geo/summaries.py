"""The summaries that make any window quick to read: made of venues and scans, and kept equal to them in each load's transaction.

A commune's venues stand in the order of their days of creation and ids. A day's activity is a string of bits, one for each
venue in that order, so that the distinct venues scanned in a window are the OR of its days, those created by a day are the
first bits, and those of a kind are a mask. A month's days stand in one row, with running sums of scans. Days of creation and of
first scans are kept sorted, to be counted by binary search.

Triggers note in summary_stale what changes in the facts. `refresh` brings the summaries up to date with that; `Tally` counts rows
that are copied straight into an empty month, which no trigger sees; `rebuild` makes everything from nothing.
"""

import numpy as np
import sqlalchemy as sa

from geo.activity import Activity
from geo.bits import capacity_of, number_venues, read_summarised, read_venues
from geo.bulk import (
    EPOCH,
    NEVER,
    Arrays,
    array,
    bits,
    encode_row,
    number,
    read_numbers,
    read_rows,
    staged,
    unpack,
    write_rows,
)

TABLES = "commune_summary", "group_summary", "kind_summary", "activity_month", "activity_kind_month", "province_summary"


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
    _finish(connection)


def begin(connection, units, created, kinds, devices):
    """Summarise the first venues from what this transaction copied into their empty table, in the order in which it did.

    One each per venue: units; created (days as in geo.bulk); kinds (codes); devices (0 or 1). What was stale before is not looked at.
    """
    first, last = connection.execute(sa.text("SELECT min(id), max(id) FROM venue")).one()
    if last - first + 1 != len(units):  # not numbered in a row: refresh reads how
        return
    _summarise(connection, number_venues(connection, units, np.arange(first, last + 1, dtype="i4"), created, kinds, devices), {})
    connection.execute(sa.text("DELETE FROM summary_stale"))
    _finish(connection)


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
            self._months[first] = Activity(self._venues, _number(first))
        counts = (rows[name].to_numpy() for name in ("venue_id", "scans", "people"))
        self._months[first].add((days - EPOCH).astype("i8"), *counts)

    def keep(self):
        """Write what was counted."""
        connection, venues, scanned = self._connection, self._venues, self._venues.first
        for first, month in self._months.items():
            _replace_month(connection, first.item(), venues.units, *month.encode())
            scanned = np.minimum(scanned, month.first_scans())
        for table, keys, rows, fields in _encode(venues, scanned, whole=False):
            encoded = (encode_row(*row, *values) for row, *values in zip(rows, *fields.values(), strict=True))
            with staged(connection, table, [*keys, *fields], encoded) as stage:
                same = " AND ".join(f"t.{key} = s.{key}" for key in keys)
                told = ", ".join(f"{column} = s.{column}" for column in fields)
                connection.exec_driver_sql(f"UPDATE {table} t SET {told} FROM {stage} s WHERE {same}")
        _finish(connection)


def _finish(connection):
    connection.execute(sa.text("DELETE FROM province_summary"))
    connection.execute(sa.text(_PROVINCES))
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
    for unit, month, _, masks in _read_months(connection, dict.fromkeys(moved, _ALWAYS)):
        width, before, after = moved[unit]
        turned = np.zeros((len(masks), width), "u1")
        turned[:, after] = masks[:, before]
        venues_of, whole = np.packbits(turned), np.packbits(turned.any(axis=0))
        rows.append(encode_row(number(unit), number(month), bits(venues_of), bits(whole)))
    if rows:
        with staged(connection, "activity_month", ["unit", "month", "venues", "whole"], rows) as stage:
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
    """Count the days whose scans changed anew from the facts; the others of their months stay as they are summarised."""
    for month in connection.scalars(sa.text(_STALE_MONTHS)).all():
        stale = read_numbers(connection, _STALE_DAYS.format(month=month.isoformat()), ["unit", "day"])
        units, days = stale["unit"].astype("i8"), stale["day"].astype("i8")
        venues_of = venues.only(np.unique(units))
        activity = Activity(venues_of, _number(month))
        activity.recall(*(read_rows(connection, query.format(month=month.isoformat())) for query in (_MONTH, _KIND_MONTH)))
        activity.forget(units, days)
        for day in np.unique(days).tolist():
            found = read_numbers(connection, _SCANS.format(day=day), ["id", "scans", "people"])
            activity.add(day, *(found[name] for name in ("id", "scans", "people")))
        _replace_month(connection, month, venues_of.units, *activity.encode())


def _replace_month(connection, month, units, months, kinds):
    """Write the activity of communes in a month in the place of what there was; months, kinds: encoded rows."""
    for table in ("activity_month", "activity_kind_month"):
        of = {"month": month, "units": units.tolist()}
        connection.execute(sa.text(f"DELETE FROM {table} WHERE month = :month AND unit = ANY (:units)"), of)
    columns = ["unit", "month", "days", "venues", "whole", "scans", "people"]
    write_rows(connection, "activity_month", columns, months)
    write_rows(connection, "activity_kind_month", ["unit", "kind", "month", "scans", "people"], kinds)


def _number(day):
    """A day's number, as in geo.bulk."""
    return int((np.datetime64(day, "D") - EPOCH).astype("i8"))


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
    known, device = first < NEVER, None if venues.devices is None else venues.devices == 1
    since = np.maximum(venues.created, first)[known]

    of, distinct = venues.commune, np.flatnonzero(venues.sizes)
    fields = {"first_scan": _split(first, of, distinct, sort=False), "scanned": _split(since, of[known], distinct)}
    if whole:
        fields["venues"] = _split(venues.ids, of, distinct, "integer", sort=False)
        fields["created"] = _split(venues.created, of, distinct)
    yield "commune_summary", ["unit"], [(unit[key],) for key in distinct], fields

    of, distinct = venues.slots, np.arange(len(venues.slot_kinds))
    rows = [(unit[venues.slot_communes[key]], venues.codes[venues.slot_kinds[key]].encode()) for key in distinct]
    fields = {"scanned": _split(since, of[known], distinct)}
    if whole:
        fields |= _split_made(venues, of, distinct, device) | {"venues": _encode_masks(venues)}
    yield "kind_summary", ["unit", "kind"], rows, fields

    if whole:
        groups = sorted(set(venues.groups))
        group = np.array([groups.index(each) for each in venues.groups])[venues.kinds]
        of = venues.commune * len(groups) + group
        distinct = np.unique(of)
        rows = [(unit[key // len(groups)], groups[key % len(groups)].encode()) for key in distinct]
        yield "group_summary", ["unit", "obligation_group"], rows, _split_made(venues, of, distinct, device)


def _split_made(venues, of, distinct, device):
    created = _split(venues.created, of, distinct)
    return {"created": created, "devices": _split(venues.created[device], of[device], distinct)}


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
    for unit, _, days, masks in _read_months(connection, since):
        n = np.searchsorted(venues.units, unit)
        of, masks = slice(venues.starts[n], venues.starts[n + 1]), masks[:, : venues.sizes[n]]
        found = np.where(masks.any(axis=0), days[masks.argmax(axis=0)], NEVER)
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


def _read_months(connection, since):
    """By commune and month, from that of a day on (unit -> day): unit, month, days, and the bits of each day as a matrix's rows."""
    if not since:
        return
    asked = ", ".join(f"({unit}, {day})" for unit, day in since.items())
    for unit, month, days, masks in read_rows(connection, _MONTHS.format(asked=asked)):
        days, places = array(days), (int.from_bytes(field, "big", signed=True) for field in (unit, month))
        yield *places, days, unpack(masks).reshape(len(days), -1)


_ALWAYS = -NEVER // 1000  # a day before all others
_FIND_ADDED = """
    INSERT INTO summary_stale (unit)
    SELECT unit
    FROM (SELECT unit, count(*) AS venues FROM venue GROUP BY unit) v LEFT JOIN commune_summary s USING (unit)
    WHERE EXISTS (SELECT FROM summary_stale WHERE unit IS NULL) AND v.venues IS DISTINCT FROM cardinality(s.venues)
"""
_PROVINCES = """
    INSERT INTO province_summary
    SELECT province, coalesce(array_agg(day ORDER BY day) FILTER (WHERE day IS NOT NULL), '{}')
    FROM (
        SELECT DISTINCT u.id AS province, a.day
        FROM commune_summary s
        JOIN admin_unit c ON c.id = s.unit
        JOIN admin_unit p ON p.vintage = c.vintage AND p.code = c.parent_code
        JOIN admin_unit u ON u.vintage = p.vintage AND u.code = coalesce(p.parent_code, p.code)
        LEFT JOIN (SELECT unit, unnest(days) AS day FROM activity_month) a ON a.unit = s.unit
    ) known
    GROUP BY province
"""
_STALE_SINCE = """
    SELECT unit, min(day) - DATE '2000-01-01' FROM summary_stale WHERE day IS NOT NULL GROUP BY unit
"""
_STALE_MONTHS = "SELECT DISTINCT CAST(date_trunc('month', day) AS date) FROM summary_stale WHERE day IS NOT NULL ORDER BY 1"
_OF_MONTH = "day >= DATE '{month}' AND day < DATE '{month}' + interval '1 month'"
_STALE_DAYS = f"SELECT DISTINCT unit, day FROM summary_stale WHERE {_OF_MONTH}"
_MONTH = f"""
    SELECT unit, days, venues FROM activity_month
    WHERE month = DATE '{{month}}' AND unit IN (SELECT unit FROM summary_stale WHERE {_OF_MONTH})
"""
_KIND_MONTH = f"""
    SELECT unit, kind, scans, people FROM activity_kind_month
    WHERE month = DATE '{{month}}' AND unit IN (SELECT unit FROM summary_stale WHERE {_OF_MONTH})
"""
_SCANS = """
    SELECT venue_id, scans, people FROM scan_day
    WHERE day = DATE '2000-01-01' + {day} AND unit IN (SELECT unit FROM summary_stale WHERE day = DATE '2000-01-01' + {day})
"""
_SUMMARISED = """
    SELECT s.unit, v.id, v.first
    FROM commune_summary s, unnest(s.venues, s.first_scan) WITH ORDINALITY AS v(id, first, place)
    WHERE s.unit IN ({units})
    ORDER BY s.unit, v.place
"""
_MONTHS = """
    SELECT a.unit, a.month, a.days, a.venues
    FROM (VALUES {asked}) AS asked(unit, since)
    JOIN activity_month a ON a.unit = asked.unit AND a.month > DATE '2000-01-01' + asked.since - 31
"""
_TURN = """
    UPDATE activity_month a SET venues = s.venues, whole = s.whole FROM {stage} s WHERE a.unit = s.unit AND a.month = s.month
"""
