"""Where each venue's bit is in the strings of bits of its commune, and which bits a day's scans set."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sqlalchemy as sa

from geo.bulk import NEVER, array, encode_rows, read_numbers, read_rows, unpack

_VENUES = """
    SELECT v.unit, v.id, v.created_on, k.number, CAST(v.solution = 'device' AS integer)
    FROM venue v
    JOIN (SELECT code, CAST(row_number() OVER (ORDER BY code) - 1 AS integer) AS number FROM venue_kind) k ON k.code = v.kind
"""
_KINDS = "SELECT code, coalesce(obligation_group, '') AS of FROM venue_kind ORDER BY code"


def capacity_of(size):
    """Bits that a commune of so many venues has: whole bytes, with room to grow by a quarter at most."""
    step = 2 ** np.maximum(np.ceil(np.log2(np.maximum(size, 64))) - 3, 3)
    return (np.ceil(np.maximum(size, 64) / step) * step).astype("i8")


@dataclass(frozen=True)
class Venues:
    """The venues of some communes, commune by commune in the order of their bits: by day of creation, then id.

    units: numbers of the communes, sorted, also of those without venues. starts: where the venues of each begin, and the end.
    ids, created (days as in geo.bulk), kinds (places in `codes`), devices (0 or 1): one each per venue.
    codes, groups: each kind's code and obligation group, "" for none.
    first: their first days with scans, NEVER of those without; None where that is not known yet, as devices where not read.
    """

    units: np.ndarray
    starts: np.ndarray
    ids: np.ndarray
    created: np.ndarray
    kinds: np.ndarray
    codes: list
    groups: list
    devices: np.ndarray | None = None
    first: np.ndarray | None = None

    @cached_property
    def sizes(self):
        """Venues of each commune."""
        return np.diff(self.starts)

    @cached_property
    def capacities(self):
        """Bits of each commune."""
        return capacity_of(self.sizes)

    @cached_property
    def bit_starts(self):
        """Where the bits of each commune begin, with all communes' bits in a row, and the end."""
        return np.concatenate([[0], np.cumsum(self.capacities)])

    @cached_property
    def commune(self):
        """The place in `units` of each venue's commune."""
        return np.repeat(np.arange(len(self.units)), self.sizes)

    @cached_property
    def places(self):
        """The place of each venue's bit in its commune."""
        return np.arange(len(self.ids)) - self.starts[self.commune]

    @cached_property
    def slots(self):
        """The commune and kind of each venue as one number, its place in slot_communes and slot_kinds."""
        return self._slots[1]

    @cached_property
    def slot_communes(self):
        return self._slots[0] // len(self.codes)

    @cached_property
    def slot_kinds(self):
        return self._slots[0] % len(self.codes)

    @cached_property
    def _slots(self):
        return np.unique(self.commune * len(self.codes) + self.kinds, return_inverse=True)

    @cached_property
    def _by_id(self):
        """Where in the columns a venue is, by its id; -1 for none."""
        return self.spread(np.arange(len(self.ids)))

    def spread(self, values):
        """An array of what each venue has, by id; -1 for no venue, its last place among them."""
        found = np.full(self.ids.max(initial=0) + 2, -1)
        found[self.ids] = values
        return found

    def find(self, ids):
        """Where in the columns the venues of these ids are; -1 for those that are not of these communes."""
        return self._by_id[np.minimum(ids, len(self._by_id) - 1)]


def read_venues(connection, units=None, among=None):
    """The Venues of communes; of all those with venues where no `units` (a sorted array) are given.

    among: a query of the same units, for the database to choose by.
    """
    kinds = connection.execute(sa.text(_KINDS)).all()
    query = f"{_VENUES} WHERE v.unit IN ({among})" if among else _VENUES
    rows = read_numbers(connection, query, ["unit", "id", "created", "kind", "device"])
    unit, ids, created, kind, device = (rows[name].astype("i4") for name in ("unit", "id", "created", "kind", "device"))
    order = np.lexsort((ids, created, unit))
    unit = unit[order]
    units = np.unique(unit) if units is None else units
    starts = np.append(np.searchsorted(unit, units), len(unit))
    codes, groups = [each.code for each in kinds], [each.of for each in kinds]
    return Venues(units, starts, ids[order], created[order], kind[order], codes, groups, devices=device[order])


def read_summarised(connection):
    """The Venues of all communes as the summaries have them."""
    kinds = connection.execute(sa.text(_KINDS)).all()
    codes, groups = [each.code for each in kinds], [each.of for each in kinds]
    units, columns = [], []
    for unit, *arrays in read_rows(connection, "SELECT unit, venues, created, first_scan FROM commune_summary ORDER BY unit"):
        units.append(int.from_bytes(unit, "big"))
        columns.append([array(each) for each in arrays])
    starts = np.cumsum([0, *(len(ids) for ids, *_ in columns)])
    ids, created, first = (np.concatenate([np.zeros(0), *each]).astype("i4") for each in zip(*columns, strict=True)) if columns else np.zeros((3, 0), "i4")
    place, number = {unit: n for n, unit in enumerate(units)}, {code: n for n, code in enumerate(codes)}
    kind = np.zeros(len(ids), "i4")
    for unit, code, mask in read_rows(connection, "SELECT unit, kind, venues FROM kind_summary"):
        start = starts[place[int.from_bytes(unit, "big")]]
        kind[start + np.flatnonzero(unpack(mask))] = number[code.decode()]
    return Venues(np.array(units, "i4"), starts, ids, created, kind, codes, groups, first=first)


class Activity:
    """The scans of some venues on some days in a row."""

    def __init__(self, venues, first, days=1):
        """first: a day, numbered as in geo.bulk."""
        self._venues, self._first = venues, first
        self._bits = np.zeros((days, venues.bit_starts[-1]), "u1")
        self._seen = np.zeros((days, len(venues.slot_communes)), bool)
        self._scans, self._people = (np.zeros(self._seen.shape, "i8") for _ in range(2))
        self._bit_of = venues.bit_starts[venues.commune] + venues.places
        self._bit_by_id, self._slot_by_id = venues.spread(self._bit_of), venues.spread(venues.slots)

    def add(self, day, ids, scans, people):
        """Count rows: arrays, or one day for all of them."""
        row = np.asarray(day, "i8") - self._first
        slot = row * self._seen.shape[1] + self._slot_by_id[ids]
        self._seen.reshape(-1)[slot] = True
        np.add.at(self._scans.reshape(-1), slot, scans)
        np.add.at(self._people.reshape(-1), slot, people)
        bit, active = row * self._bits.shape[1] + self._bit_by_id[ids], np.asarray(scans) > 0
        self._bits.reshape(-1)[bit if active.all() else bit[active]] = 1

    def first_scans(self):
        """The first of the days with scans of each venue, or NEVER."""
        bits = self._bits[:, self._bit_of]
        return np.where(bits.any(axis=0), self._first + bits.argmax(axis=0), NEVER).astype("i4")

    def encode(self):
        """The rows (bytes) of activity_day, and those of activity_kind_day."""
        return list(self._encode_days()), list(self._encode_kinds())

    def _encode_days(self):
        """unit, day, venues, scans, people: communes of as many bits at once."""
        venues = self._venues
        seen = self._by_commune(self._seen, np.logical_or)
        scans, people = self._by_commune(self._scans, np.add), self._by_commune(self._people, np.add)
        packed, capacities = np.packbits(self._bits, axis=1), venues.capacities[self._communes]
        starts = venues.bit_starts[self._communes] // 8
        for capacity in np.unique(capacities):
            day, of = np.nonzero(seen & (capacities == capacity))
            held = packed[day[:, None], starts[of][:, None] + np.arange(capacity // 8)]
            unit = venues.units[self._communes[of]].astype("i4")
            yield encode_rows(unit, (day + self._first).astype("i4"), held, scans[day, of], people[day, of])

    def _encode_kinds(self):
        """unit, kind, day, scans, people: one kind at once."""
        venues = self._venues
        for kind in np.unique(venues.slot_kinds):
            day, slot = np.nonzero(self._seen & (venues.slot_kinds == kind))
            unit = venues.units[venues.slot_communes[slot]].astype("i4")
            code = np.full(len(day), venues.codes[kind].encode())
            day_of = (day + self._first).astype("i4")
            yield encode_rows(unit, code, day_of, self._scans[day, slot], self._people[day, slot])

    @property
    def _communes(self):
        """Those that have venues, as places in `units`."""
        return np.flatnonzero(self._venues.sizes)

    def _by_commune(self, counts, how):
        if not counts.shape[1]:
            return counts
        return how.reduceat(counts, np.flatnonzero(np.diff(self._venues.slot_communes, prepend=-1)), axis=1)
