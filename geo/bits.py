"""Where each venue's bit is in the strings of bits of its commune: the order of venues, from the facts or the summaries."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import sqlalchemy as sa

from geo.bulk import array, read_numbers, read_rows, unpack

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

    def only(self, units):
        """Those of some of the communes (a sorted array), without their devices and first scans."""
        chosen = np.isin(self.units, units)
        kept = chosen[self.commune]
        starts = np.concatenate([[0], np.cumsum(self.sizes[chosen])])
        columns = self.ids[kept], self.created[kept], self.kinds[kept]
        return Venues(self.units[chosen], starts, *columns, self.codes, self.groups)

    def find(self, ids):
        """Where in the columns the venues of these ids are; -1 for those that are not of these communes."""
        return self._by_id[np.minimum(ids, len(self._by_id) - 1)]


def read_venues(connection, units=None, among=None):
    """The Venues of communes; of all those with venues where no `units` (a sorted array) are given.

    among: a query of the same units, for the database to choose by.
    """
    query = f"{_VENUES} WHERE v.unit IN ({among})" if among else _VENUES
    rows = read_numbers(connection, query, ["unit", "id", "created", "kind", "device"])
    columns = (rows[name].astype("i4") for name in ("unit", "id", "created", "kind", "device"))
    return _order(_read_kinds(connection), *columns, units)


def number_venues(connection, unit, ids, created, kind, device):
    """The Venues of columns in any order; kind: codes (text), one each."""
    kinds = _read_kinds(connection)
    numbers = {each.code: n for n, each in enumerate(kinds)}
    places, found = pd.factorize(kind)
    return _order(kinds, unit, ids, created, np.array([numbers[code] for code in found], "i4")[places], device)


def _read_kinds(connection):
    return connection.execute(sa.text(_KINDS)).all()


def _order(kinds, unit, ids, created, kind, device, units=None):
    order = np.lexsort((ids, unit.astype("i8") << 32 | created.astype("i8") + (1 << 31)))
    unit = unit[order]
    units = np.unique(unit) if units is None else units
    starts = np.append(np.searchsorted(unit, units), len(unit))
    codes, groups = [each.code for each in kinds], [each.of for each in kinds]
    return Venues(units, starts, ids[order], created[order], kind[order], codes, groups, devices=device[order])


def read_summarised(connection):
    """The Venues of all communes as the summaries have them."""
    kinds = _read_kinds(connection)
    codes, groups = [each.code for each in kinds], [each.of for each in kinds]
    units, columns = [], []
    for unit, *arrays in read_rows(connection, "SELECT unit, venues, created, first_scan FROM commune_summary ORDER BY unit"):
        units.append(int.from_bytes(unit, "big"))
        columns.append([array(each) for each in arrays])
    starts = np.cumsum([0, *(len(ids) for ids, *_ in columns)])
    none = np.zeros(0)
    ids, created, first = (
        np.concatenate([none, *(each[n] for each in columns)]).astype("i4") for n in range(3)
    )
    place, number = {unit: n for n, unit in enumerate(units)}, {code: n for n, code in enumerate(codes)}
    kind = np.zeros(len(ids), "i4")
    for unit, code, mask in read_rows(connection, "SELECT unit, kind, venues FROM kind_summary"):
        start = starts[place[int.from_bytes(unit, "big")]]
        kind[start + np.flatnonzero(unpack(mask))] = number[code.decode()]
    return Venues(np.array(units, "i4"), starts, ids, created, kind, codes, groups, first=first)
