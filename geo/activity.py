"""The scans of a month as the summaries hold them: which venues had any on each day, and running sums by commune and kind."""

import numpy as np

from geo.bulk import NEVER, array, encode_rows, unpack

_DAYS = 31


class Activity:
    """The scans of some venues in a month: counted from rows of the facts, or taken up from what was summarised."""

    def __init__(self, venues, month):
        """venues: geo.bits.Venues; month: its first day, numbered as in geo.bulk."""
        self._venues, self._month = venues, month
        self._bits = np.zeros((_DAYS, venues.bit_starts[-1]), "u1")
        self._seen = np.zeros((_DAYS, len(venues.units)), bool)
        self._scans, self._people = (np.zeros((_DAYS, len(venues.slot_kinds)), "i8") for _ in range(2))
        self._bit_of = venues.bit_starts[venues.commune] + venues.places
        columns = self._bit_of, venues.slots, venues.commune
        self._bit_by_id, self._slot_by_id, self._commune_by_id = map(venues.spread, columns)

    def add(self, day, ids, scans, people):
        """Count rows: arrays, or one day for all of them."""
        row = np.asarray(day, "i8") - self._month
        slot = row * self._scans.shape[1] + self._slot_by_id[ids]
        np.add.at(self._scans.reshape(-1), slot, scans)
        np.add.at(self._people.reshape(-1), slot, people)
        self._seen.reshape(-1)[row * self._seen.shape[1] + self._commune_by_id[ids]] = True
        bit, active = row * self._bits.shape[1] + self._bit_by_id[ids], np.asarray(scans) > 0
        self._bits.reshape(-1)[bit if active.all() else bit[active]] = 1

    def recall(self, months, kinds):
        """Take up rows (fields) of unit, days and venues; and of unit, kind, scans and people."""
        venues, rows = self._venues, {}
        places = {unit: n for n, unit in enumerate(venues.units.tolist())}
        for unit, days, masks in months:
            n = places[int.from_bytes(unit, "big")]
            rows[unit] = array(days) - self._month
            self._seen[rows[unit], n] = True
            of = slice(venues.bit_starts[n], venues.bit_starts[n + 1])
            self._bits[rows[unit], of] = unpack(masks).reshape(len(rows[unit]), -1)
        at = zip(venues.slot_communes.tolist(), venues.slot_kinds.tolist(), strict=True)
        slots = {(n, venues.codes[kind]): slot for slot, (n, kind) in enumerate(at)}
        for unit, kind, *sums in kinds:
            slot = slots.get((places[int.from_bytes(unit, "big")], kind.decode()))
            if slot is None:  # no venue is of the kind any more: all days with scans of it are counted anew
                continue
            for counts, until in zip((self._scans, self._people), sums, strict=True):
                counts[rows[unit], slot] = np.diff(array(until), prepend=0)

    def forget(self, units, days):
        """Leave out communes on days (arrays), to be counted anew."""
        venues, rows = self._venues, days.astype("i8") - self._month
        places = np.searchsorted(venues.units, units)
        self._seen[rows, places] = False
        for row in np.unique(rows):
            gone = np.zeros(len(venues.units), bool)
            gone[places[rows == row]] = True
            self._bits[row, np.repeat(gone, venues.capacities)] = 0
            for counts in (self._scans, self._people):
                counts[row, gone[venues.slot_communes]] = 0

    def first_scans(self):
        """The first of the days with scans of each venue, or NEVER."""
        bits = self._bits[:, self._bit_of]
        return np.where(bits.any(axis=0), self._month + bits.argmax(axis=0), NEVER).astype("i4")

    def encode(self):
        """The rows (bytes) of activity_month, and those of activity_kind_month: communes of as many days at once."""
        lengths = self._seen.sum(axis=0)
        packed, months, kinds = np.packbits(self._bits, axis=1), [], []
        for length in np.unique(lengths[lengths > 0]):
            communes = np.flatnonzero(lengths == length)
            rows = np.nonzero(self._seen[:, communes].T)[1].reshape(len(communes), length)
            months += self._encode_months(communes, rows, packed)
            kinds += self._encode_kinds(communes, rows)
        return months, kinds

    def _encode_months(self, communes, rows, packed):
        """unit, month, days, venues, whole, scans, people; rows: of each commune those of its days."""
        venues = self._venues
        sums = []
        for counts in (self._scans, self._people):
            by_commune = np.zeros((len(venues.units), _DAYS), "i8")
            np.add.at(by_commune, venues.slot_communes, counts.T)
            sums.append(by_commune[communes[:, None], rows].cumsum(axis=1))
        capacities = venues.capacities[communes]
        for capacity in np.unique(capacities):
            at = capacities == capacity
            of, days = communes[at], rows[at]
            bytes_of = (venues.bit_starts[of] // 8)[:, None] + np.arange(capacity // 8)
            masks = packed[days[:, :, None], bytes_of[:, None, :]]
            whole = np.bitwise_or.reduce(masks, axis=1)
            unit, month = venues.units[of].astype("i4"), np.full(len(of), self._month, "i4")
            dates = (days + self._month).astype("i4")
            yield encode_rows(unit, month, dates, masks.reshape(len(of), -1), whole, *(each[at] for each in sums))

    def _encode_kinds(self, communes, rows):
        """unit, kind, month, scans, people, of kinds with any; one kind at once."""
        venues = self._venues
        rows_of = np.full((len(venues.units), rows.shape[1]), -1)
        rows_of[communes] = rows
        held = (rows_of[venues.slot_communes, 0] >= 0) & self._scans.any(axis=0)
        for kind in np.unique(venues.slot_kinds[held]):
            slots = np.flatnonzero(held & (venues.slot_kinds == kind))
            days = rows_of[venues.slot_communes[slots]]
            unit, month = venues.units[venues.slot_communes[slots]].astype("i4"), np.full(len(slots), self._month, "i4")
            code = np.full(len(slots), venues.codes[kind].encode())
            sums = (counts[days, slots[:, None]].cumsum(axis=1) for counts in (self._scans, self._people))
            yield encode_rows(unit, code, month, *sums)
