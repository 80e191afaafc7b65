"""Rules over a column at a time; all that is wrong with a file is found before any of it is kept."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.db import today
from geo.errors import FileError
from loaders.cells import cells_of, encode
from loaders.codes import CodeTable
from loaders.personal import CODED, hide_persons
from loaders.rules import RULES
from loaders.values import parse_flags

_FIRST_DAY = np.datetime64("2020-01-01")  # no venue had a QR code for tracing before: a day in 0021 or 1900 is a slip
MOST = 999_999_999  # what a count can be
COLUMNS = ["row", "column", "value", "rule", "refused", "reason", "remedy"]


@dataclass
class Findings:
    """What the rules found in some rows of one file.

    rows: the checked rows (text); headers: canonical column -> the file's own header.
    units: number of each row's commune (array, 0 where it could not be known); None for a kind that is of no communes.
    units_before: that which the row's key had before, where it changes hands (0: none); None for kinds where none does.
    notes: sentences on the file as a whole.
    """

    rows: pd.DataFrame
    headers: dict[str, str]
    units: np.ndarray | None = None
    units_before: np.ndarray | None = None
    notes: list = field(default_factory=list)
    _found: list = field(default_factory=list, repr=False)
    _refused: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        self._refused = np.zeros(len(self.rows), dtype=bool)

    def add(self, broken, column, rule, refused=True, remedy=None):
        """Note that the rows where `broken` (boolean, as long as the rows) break `rule` in `column`.

        remedy: Series of texts to say instead of the rule's own remedy, where it is not null.
        """
        broken = np.asarray(broken, dtype=bool)
        if not broken.any():
            return
        hit = self.rows.index[broken]
        reason, advice = RULES[rule]
        advices = pd.Series(advice, index=hit, dtype=object) if remedy is None else remedy.reindex(hit).fillna(advice)
        values = self.rows[column].array[broken] if column in self.rows else ""
        values = pd.Series(values, index=hit).str.slice(0, 200)
        if column in CODED:
            values = hide_persons(values, self.rows[column] if column == "venue_code" else None)
        self._found.append(pd.DataFrame({
            "row": hit, "column": self.headers.get(column, column), "value": values,
            "rule": rule, "refused": refused, "reason": reason, "remedy": advices,
        }))  # fmt: skip
        if refused:
            self._refused |= broken

    def include(self, part):
        """Take over what was found in some of the rows; part: Findings of these."""
        self._found += part._found
        self._refused |= self.rows.index.isin(part.rows.index[part._refused])

    def table(self):
        """Columns row, column, value, rule, refused, reason, remedy: one line per finding, in the file's order.

        Of a refused row only the refusals are told: a warning says what was done with a row that was loaded.
        """
        if not self._found:
            return pd.DataFrame(columns=COLUMNS)
        found = pd.concat(self._found, ignore_index=True)
        told = found["refused"].astype(bool) | ~found["row"].isin(self.rows.index[self._refused])
        return found[told].sort_values("row", kind="stable", ignore_index=True)

    def accepted(self):
        """Boolean array over the rows: no rule refused it."""
        return ~self._refused


def late_warnings(index, column, values, rule, units, headers):
    """Warnings on accepted rows that only the whole file tells: as Findings.table, and `unit`, the number of each row's commune."""
    reason, remedy = RULES[rule]
    found = pd.DataFrame({
        "row": np.asarray(index), "column": headers.get(column, column), "value": hide_persons(pd.Series(values, dtype="str")).to_numpy(),
        "rule": rule, "refused": False, "reason": reason, "remedy": remedy, "unit": np.asarray(units),
    })  # fmt: skip
    return found.sort_values("row", kind="stable", ignore_index=True)


class Seen:
    """The keys that were met so far in a file."""

    def __init__(self):
        self._texts = CodeTable()
        self._parts = []  # sorted integers, each part at least twice as long as the next

    def repeated(self, keys):
        """Boolean array: the key stands in an earlier row of this file. keys: array of integers, or Series of texts."""
        if isinstance(keys, pd.Series):
            first = len(self._texts)
            return self._texts.add(keys) != np.arange(first, first + len(keys))
        sorted_already = bool((keys[1:] >= keys[:-1]).all())  # as most exports are
        order = slice(None) if sorted_already else np.argsort(keys, kind="stable")
        keys = keys[order]
        same = np.zeros(len(keys), dtype=bool)
        same[1:] = keys[1:] == keys[:-1]
        for part in self._parts:
            if len(keys) and keys[0] <= part[-1] and part[0] <= keys[-1]:
                same |= part[np.searchsorted(part, keys).clip(max=len(part) - 1)] == keys
        if len(keys):
            self._parts.append(keys)
        while len(self._parts) > 1 and len(self._parts[-2]) < 2 * len(self._parts[-1]):
            low, high = self._parts[-2:]
            joined = np.concatenate([low, high])
            self._parts[-2:] = [joined if low[-1] <= high[0] else np.sort(joined, kind="stable")]
        again = np.empty_like(same)
        again[order] = same
        return again


def unique(findings, columns, blamed):
    """Refuse rows of a whole file that repeat an earlier row's values in `columns`, where these are filled."""
    rows = findings.rows[columns]
    findings.add(rows.duplicated() & (rows != "").all(axis=1), blamed, "duplicate")


def require(findings, column):
    """Refuse rows where the column is empty; returns where it is not (boolean array)."""
    empty = is_empty(findings.rows[column])
    findings.add(empty, column, "missing")
    return ~empty


def is_empty(text):
    """Boolean array: the cell holds nothing."""
    return pc.binary_length(cells_of(text)).to_numpy() == 0


def translate(text, word):
    """The column with `word` (text -> text or None) applied to each distinct value: Series, null where it gives None."""
    places, distinct = encode(text)
    words = pa.array([word(each) for each in distinct.to_pylist()], pa.large_string())
    return pd.Series(pd.arrays.ArrowExtensionArray(words.take(pa.array(places))), index=text.index)


def refuse_repeated(findings, seen, keys, known, column):
    """Refuse rows whose key, where `known` (boolean array), stands in an earlier row; keys: integers or Series of text."""
    known = np.asarray(known, dtype=bool)
    again = np.zeros(len(findings.rows), dtype=bool)
    again[known] = seen.repeated(keys if known.all() else keys[known])
    findings.add(again, column, "duplicate")


def read_days(findings, column, reader, required=True):
    """The column as days (datetime64); refuses what is no real day, before QR codes were made, or in the future."""
    text = findings.rows[column]
    if required:
        require(findings, column)
    days, faults = reader.read(text)
    _add_faults(findings, column, faults)
    _refuse_other_times(findings, column, days.to_numpy(), _FIRST_DAY, np.datetime64(today()))
    return days


def _add_faults(findings, column, faults):
    """Refuse the rows where a reader of values says so: categorical of rules, or None."""
    for rule in [] if faults is None else faults.cat.categories:
        findings.add(faults == rule, column, rule)


def _refuse_other_times(findings, column, times, first, last):
    if len(times) and (times.min() < first or times.max() > last or np.isnat(times.min())):
        findings.add(times < first, column, "early_date")
        findings.add(times > last, column, "future_date")


def refuse_misread(source, days=(), counts=None):
    """FileError where a later part of a file shows an earlier one to have been read otherwise than it is meant.

    days: DayReaders; counts: canonical column -> NumberReader.
    """
    if any(reader.misread for reader in days):
        raise FileError(f"{source.name}: cột ngày ghi tháng trước ngày ở một số dòng; hãy ghi mọi ngày dạng 26/11/2021")
    for column, reader in (counts or {}).items():
        if reader.misread:
            raise FileError(
                f"{source.name}: cột {source.headers.get(column, column)} khi dùng dấu chấm, khi dùng dấu phẩy, không rõ dấu nào tách "
                f"hàng nghìn; hãy ghi số liền, không dấu: 1904"
            )


def read_counts(findings, column, reader, required=True):
    """The column as Int64; refuses what is no whole number of 0 or more."""
    if required:
        require(findings, column)
    counts, faults = reader.counts(findings.rows[column])
    _add_faults(findings, column, faults)
    most = counts.max()
    if pd.notna(most) and most > MOST:
        findings.add((counts > MOST).fillna(False), column, "not_a_count")
        return counts.clip(upper=MOST)
    return counts


def read_numbers(findings, column, reader, low, high):
    """The column as floats, NaN where empty or no number (a warning: a bad point costs the point, not the venue)."""
    numbers, bad = reader.numbers(findings.rows[column], low, high)
    findings.add(bad, column, "not_a_number", refused=False)
    return numbers


def read_moments(findings, column, reader, required=True):
    """The column as moments (datetime64, UTC); refuses what is none, before QR codes were made, or in the future."""
    text = findings.rows[column]
    if required:
        require(findings, column)
    moments, faults = reader.read_moments(text)
    _add_faults(findings, column, faults)
    now = pd.Timestamp.now(tz="UTC").tz_localize(None).to_datetime64()
    _refuse_other_times(findings, column, moments.dt.tz_localize(None).to_numpy(), _FIRST_DAY, now)
    return moments


def read_flags(findings, column):
    """The column as yes or no (boolean), null where empty; refuses what is neither."""
    flags, bad = parse_flags(findings.rows[column])
    findings.add(bad, column, "not_a_flag")
    return flags
