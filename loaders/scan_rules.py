"""Rules on scans that look beyond their row: at the other rows of the file, and at what other files told."""

import numpy as np
import pandas as pd
import sqlalchemy as sa

from loaders.checking import late_warnings
from loaders.values import NumberReader

# What a day and an hour hold at most: one scan every two seconds, without a pause, the time a telephone takes to read a code.
MOST_A_DAY, MOST_AN_HOUR = 43_200, 1_800
_FEWEST = 30  # rows that tell how far counts lie apart
_FAR = 3.5  # modified z-score above which a value stands out: Iglewicz and Hoaglin (1993)


def count_readers(source, columns):
    """Column -> the NumberReader of it in that file."""
    return {column: NumberReader(source.decimals.get(source.headers.get(column))) for column in columns}


def check_counts(findings, scans, people, most):
    """Refuse more people than scans; flag more scans than `most` (a number, or one for each row). scans, people: Int64 Series."""
    counted = scans.to_numpy("i8", na_value=-1)
    findings.add((people.to_numpy("i8", na_value=-1) > counted) & (counted >= 0), "people", "people_above_scans")
    findings.add(counted > most, "scans", "above_capacity", refused=False)
    return counted


class Outliers:
    """Counts of a file that stand out above its others by their modified z-score: 0.6745 times the distance to the median,
    divided by the median of all those distances. Taken of logarithms, since counts of places differ by factors.
    """

    def __init__(self):
        self._parts = []

    def take(self, rows):
        """Accepted rows: scans and unit, the number of their commune; index: their numbers."""
        self._parts.append((rows.index, *(rows[column].to_numpy("i4") for column in ("scans", "unit"))))

    def find(self, headers):
        """The warnings, as late_warnings; None where nothing stands out, or too few rows tell."""
        if sum(len(counts) for _, counts, _ in self._parts) < _FEWEST:
            return None
        above = _threshold(*_tally([counts for _, counts, _ in self._parts]))
        found = [
            (index[hits], counts[hits], units[hits])
            for index, counts, units in self._parts
            if len(hits := np.flatnonzero(counts > np.expm1(above)))
        ]
        if not found:
            return None
        index, counts, units = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return late_warnings(index, "scans", counts, "outlier", units, headers)


def _tally(parts):
    """The logarithms of the distinct counts, in order, and how often each of them comes."""
    most = max(counts.max(initial=0) for counts in parts)
    if most < 1 << 20:
        times = sum(np.bincount(counts, minlength=most + 1) for counts in parts)
        values = np.flatnonzero(times)
        return np.log1p(values), times[values]
    values, times = np.unique(np.concatenate(parts), return_counts=True)
    return np.log1p(values), times


def _threshold(values, times):
    """The value above which the modified z-score is above _FAR; values: sorted, each so many `times`."""
    middle = _median(values, times)
    apart = np.abs(values - middle)
    order = np.argsort(apart)
    spread = _median(apart[order], times[order]) / 0.6745
    if spread == 0:  # more than half are equal: by the mean distance, as the authors have it
        spread = 1.253314 * np.average(apart, weights=times)
    return middle + _FAR * spread if spread else np.inf


def _median(values, times):
    places = np.searchsorted(np.cumsum(times), [(times.sum() + 1) // 2, times.sum() // 2 + 1])
    return values[places].mean()


class CreatedVenues:
    """How many venues each commune has created by a day, as the lists of venues tell."""

    def __init__(self, connection, invented):
        read = sa.text("""
            SELECT v.unit, v.created_on, count(*) FROM venue v JOIN load_run r ON r.id = v.load_run
            WHERE r.invented = :invented GROUP BY v.unit, v.created_on ORDER BY v.unit, v.created_on
        """)
        found = connection.execute(read, {"invented": bool(invented)}).all()
        units, days, counts = zip(*found, strict=True) if found else ((), (), ())
        self._units = np.array(units, "i8")
        self._keys = _key(self._units, np.array(days, "datetime64[D]"))
        self._until = np.concatenate([[0], np.cumsum(np.array(counts, "i8"))])

    def count(self, units, days):
        """Venues of each unit created until each day (array of datetime64[D]); -1 where no venue of the unit is known."""
        first, last = (np.searchsorted(self._units, units, side) for side in ("left", "right"))
        until = np.searchsorted(self._keys, _key(units, days), "right").clip(first, last)
        return np.where(first == last, -1, self._until[until] - self._until[first])


class KnownHours:
    """Scans of venues and days added up over their hours."""

    def __init__(self, connection):
        read = "SELECT venue_id, day, sum(scans)::bigint FROM scan_hour GROUP BY venue_id, day ORDER BY day, venue_id"
        found = connection.exec_driver_sql(read).all()
        ids, days, sums = zip(*found, strict=True) if found else ((), (), ())
        self._keys = _key(np.array(days, "datetime64[D]"), np.array(ids, "i8"))
        self._sums = np.array(sums, "i8")

    def __len__(self):
        return len(self._keys)

    def sums(self, ids, days):
        """The sum of each venue and day (arrays), 0 where no hours are known."""
        keys = _key(days, ids)
        places = np.searchsorted(self._keys, keys).clip(max=len(self) - 1)
        return np.where(self._keys[places] == keys, self._sums[places], 0)


def _key(high, low):
    """One number of two (arrays of integers or days), ordered by the first and then the second."""
    return high.astype("i8") * (1 << 31) + low.astype("i8")


HOURS_ABOVE_DAY = """
    SELECT h.venue_id, h.day
    FROM scan_hour h
    JOIN (SELECT DISTINCT venue_id, day FROM stage_scan_hour) s ON s.venue_id = h.venue_id AND s.day = h.day
    JOIN scan_day d ON d.venue_id = h.venue_id AND d.day = h.day
    GROUP BY h.venue_id, h.day, d.scans
    HAVING sum(h.scans) > d.scans
"""


class FileHours:
    """The rows of a file of hours, to tell which of them add up to more than their day."""

    def __init__(self):
        self._parts = []

    def take(self, rows):
        """Accepted rows: venue_id, day, scans and unit; index: their numbers."""
        self._parts.append(rows[["venue_id", "day", "scans", "unit"]])

    def find(self, connection, headers):
        """The warnings once the rows are merged, as late_warnings; None where there are none."""
        broken = pd.DataFrame(connection.exec_driver_sql(HOURS_ABOVE_DAY).all(), columns=["venue_id", "day"])
        if broken.empty:
            return None
        rows = pd.concat(self._parts)
        keys, wanted = (
            _key(each["day"].to_numpy("datetime64[D]"), each["venue_id"].to_numpy()) for each in (rows, broken)
        )
        rows = rows[np.isin(keys, wanted)]
        return late_warnings(rows.index, "scans", rows["scans"], "hours_above_day", rows["unit"], headers)


class Totals:
    """Cumulative totals of communes, which never fall from one day to a later one of the same file."""

    def __init__(self):
        self._parts = []

    def take(self, rows):
        """Accepted rows: unit, day and total_scans; index: their numbers."""
        self._parts.append(rows.loc[rows["total_scans"].notna(), ["unit", "day", "total_scans"]])

    def find(self, headers):
        """The warnings, as late_warnings; None where no total falls."""
        rows = pd.concat(self._parts).sort_values(["unit", "day"])
        highest = rows.groupby("unit")["total_scans"].cummax()
        rows = rows[rows["total_scans"] < highest]
        if rows.empty:
            return None
        return late_warnings(rows.index, "total_scans", rows["total_scans"], "total_falls", rows["unit"], headers)
