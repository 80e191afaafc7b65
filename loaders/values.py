"""Typed values from text as people write it: days, moments, counts, numbers, yes and no; each distinct text read once.

Every reader gives the values and what is wrong with the text, on the text's own index; an empty text is null and not wrong.
"""

from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.names import strip_marks
from loaders.cells import cells_of, encode, letters_of

_TIME = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
_ZONE = r" ?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
_YMD = r"(?P<year>[1-9][0-9]{3})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})"
_DMY = r"(?P<day>[0-9]{1,2})[-/.](?P<month>[0-9]{1,2})[-/.](?P<year>[1-9][0-9]{3}|[0-9]{2})"
_PLAIN = r"^-?[0-9]{1,15}\.[0-9]+$"
_FORMS = [rf"^{form}(?:(?:T| +){_TIME}{_ZONE})?$" for form in (_YMD, _DMY)] + [rf"^{_TIME} +{_DMY}(?P<zone>)$"]
_SERIAL = r"^(?P<days>[0-9]{5})(?:[.,](?P<rest>[0-9]{1,12}))?$"
_SERIALS = (43831, 60000)  # 01/01/2020 to 2064, as Excel numbers the days
_EXCEL_EPOCH = np.datetime64("1899-12-30", "D")  # day 0, as Excel counts a 29/02/1900 that never was
_LOCAL = np.timedelta64(7 * 3600, "s")  # Asia/Ho_Chi_Minh before UTC, without summer time since 1975
_FLAGS = dict.fromkeys(["co", "yes", "y", "true", "x", "1", "dat", "v", "✓", "✔"], True) | dict.fromkeys(
    ("khong", "no", "n", "false", "0", "khong dat"), False
)
_BLANKS = "[ \u00a0\u202f]"
_COUNT_FAULTS = ["not_a_count", "mixed_signs"]


class DayReader:
    """Reads the days or moments of one column, chunk by chunk, the day before the month.

    Forms: 2021-11-26, 26/11/2021, 26-11-21, 26.11.2021, with a time before or behind it, and Excel's day numbers.
    Where a value can only be month-first (11/26/2021) and none only day-first, the column is taken to be month-first:
    values that can be read both ways are then refused (month_first), not turned. A value only possible month-first is
    no date in any case. What is read stays read: a later chunk that shows the column to be month-first changes nothing
    of earlier ones, but `misread` then counts their values that could have been meant so (else 0), for the caller to
    refuse the file; one that shows it to be day-first ends the refusals, and does not take back those made.
    """

    def __init__(self):
        self._day_first = self._month_first = False
        self._read_both_ways = 0

    @property
    def misread(self):
        """Values of earlier chunks read day-first that are probably month-first, since the column proved to be so."""
        return self._read_both_ways if self._month_first and not self._day_first else 0

    def read(self, text):
        """(days datetime64[s], fault: categorical of not_a_date and month_first, null where nothing is wrong; None if all is well)."""
        spread, distinct = encode(text)
        seconds, _, both = self._parse(distinct, spread)
        days = seconds.astype("datetime64[D]").astype("datetime64[s]")
        fault = np.where(both, 1, np.where(np.isnat(days) & _filled(distinct), 0, -1))
        days[both] = np.datetime64("NaT")
        return pd.Series(days.take(spread), index=text.index), _faults(
            fault, ["not_a_date", "month_first"], text, spread
        )

    def read_moments(self, text):
        """(moments datetime64[s, UTC], fault: categorical of not_a_moment, month_first and no_time, None if all is well).

        Without an offset the text is local time; a day alone is no moment (no_time).
        """
        spread, distinct = encode(text)
        seconds, timed, both = self._parse(distinct, spread)
        fault = np.where(
            np.isnat(seconds) & _filled(distinct), 0, np.where(both, 1, np.where(~timed & _filled(distinct), 2, -1))
        )
        seconds[fault != -1] = np.datetime64("NaT")
        moments = pd.Series((seconds - _LOCAL)[spread], index=text.index).dt.tz_localize("UTC")
        return moments, _faults(fault, ["not_a_moment", "month_first", "no_time"], text, spread)

    def _parse(self, distinct, spread):
        """Local seconds of the distinct texts, whether each has a time, and whether it is refused as month_first."""
        seconds = np.full(len(distinct), np.datetime64("NaT"), "datetime64[s]")
        timed, both = np.zeros(len(distinct), bool), np.zeros(len(distinct), bool)
        for place, form in enumerate(_FORMS):
            hits, parts = _extract(distinct, form)
            if not len(hits):
                continue
            year = parts["year"] + np.where(parts["year"] < 100, 2000, 0)
            days = _to_day(year, parts["month"], parts["day"])
            if place:
                turned = _to_day(year, parts["day"], parts["month"])
                self._month_first |= bool((np.isnat(days) & ~np.isnat(turned)).any())
                self._day_first |= bool((~np.isnat(days) & np.isnat(turned)).any())
                both[hits] = ~np.isnat(days) & ~np.isnat(turned) & (days != turned)
            time, good = _to_time(parts)
            seconds[hits] = np.where(good, days.astype("datetime64[s]") + time, np.datetime64("NaT"))
            timed[hits] = parts["hour"] >= 0
        hits, parts = _extract(distinct, _SERIAL)
        if len(hits):
            rest = pd.to_numeric(pd.Series("0." + parts["rest"].astype(object)), errors="coerce").fillna(0).to_numpy()
            time = np.round(rest * 86400).astype("timedelta64[s]")
            known = (parts["days"] >= _SERIALS[0]) & (parts["days"] <= _SERIALS[1])
            seconds[hits[known]] = ((_EXCEL_EPOCH + parts["days"]).astype("datetime64[s]") + time)[known]
            timed[hits] = rest > 0
        if self._month_first and not self._day_first:
            return seconds, timed, both
        self._read_both_ways += int(both[spread].sum()) if both.any() else 0
        return seconds, timed, np.zeros_like(both)


def parse_days(text):
    """DayReader.read of a column that is whole."""
    return DayReader().read(text)


def parse_moments(text):
    """DayReader.read_moments of a column that is whole."""
    return DayReader().read_moments(text)


class NumberReader:
    """Reads the counts or numbers of one column, chunk by chunk, with the separators that the column itself shows.

    A sign (. or ,) is the decimal one where a value shows it so (12.5, 0.904, 1904.000, 1,904.5) and the grouping one
    where a value shows that (1.904.000, 1.904,5); the first value to show either decides, for the chunks to come too,
    and values that contradict it are bad. Blanks only ever group. decimal: the decimal sign where it is known.
    """

    def __init__(self, decimal=None):
        self._roles = {}
        self._signs = set()  # those met in counts like 1.904 before any value showed what they are
        self._taken = Counter()  # sign -> such counts read with it as the grouping one
        if decimal:
            self._learn(decimal, "decimal")

    @property
    def misread(self):
        """Counts of earlier chunks that were read with a sign as the grouping one and could have been meant otherwise, as a later chunk shows."""
        mixed = len(self._signs) > 1 and not self._roles
        return sum(count for sign, count in self._taken.items() if mixed or self._roles.get(sign) == "decimal")

    def counts(self, text):
        """(Int64, fault: categorical of not_a_count and mixed_signs, None where all is well): whole numbers from 0, of up to 15 digits.

        1.904 is 1904 unless the sign is the decimal one; then it is bad, and so is 1.000, which a person may have meant
        for a thousand. Where a column has both 1.904 and 1,904, and no value that shows which sign is which, neither
        is a number (mixed_signs); of what earlier chunks read, `misread` tells.
        """
        plain = _to_whole(text)
        if plain is not None:
            return pd.Series(pd.arrays.IntegerArray(plain, np.zeros(len(plain), bool)), index=text.index), None
        spread, distinct = encode(text)
        self._gather(distinct)
        mixed = np.zeros(len(distinct), bool)
        if not self._roles:
            single = {sign: _matches(distinct, rf"^[1-9][0-9]{{0,2}}[{sign}][0-9]{{3}}$") for sign in ".,"}
            self._signs |= {sign for sign, hits in single.items() if hits.any()}
            if len(self._signs) > 1:
                mixed = single["."] | single[","]
            else:
                self._taken.update({sign: int(single[sign][spread].sum()) for sign in self._signs})
        taken = None if self._roles else next(iter(self._signs), "")
        numbers, good = self._convert(distinct, "(?:0{1,2}|0{4,})", taken)
        good &= ~_matches(distinct, "^-") & ~mixed
        counts = pd.arrays.IntegerArray(np.where(good, numbers, 0).astype("int64")[spread], ~good[spread])
        fault = np.where(mixed, 1, np.where(~good & _filled(distinct), 0, -1))
        return pd.Series(counts, index=text.index), _faults(fault, _COUNT_FAULTS, text, spread)

    def numbers(self, text, low=None, high=None):
        """(float64, bad): numbers with up to 15 digits before the decimal sign.

        Where a range low to high is given, a value with one sign is a decimal number unless only its reading with a
        grouping sign lies in the range: for coordinates 18,345 and 18.345 are the same. Without a range, one sign and
        three digits behind it are bad where the column does not show which sign it is.
        """
        ranged = low is not None and high is not None
        if ranged and _all_match(text, _PLAIN):
            numbers = pc.cast(cells_of(text), pa.float64()).to_numpy()
            if ((numbers >= low) & (numbers <= high)).all():
                return pd.Series(numbers, index=text.index), pd.Series(False, index=text.index)
        spread, distinct = encode(text)
        if not ranged:
            self._gather(distinct)
            numbers, good = self._convert(distinct, fraction="[0-9]+")
        else:
            single = _matches(distinct, r"^-?[0-9]{1,15}[.,][0-9]+$")
            numbers, good = _to_numbers(distinct, single, "", ",")
            whole, grouped = _to_numbers(distinct, _matches(distinct, r"^-?[1-9][0-9]{0,2}[.,][0-9]{3}$"), ".,", "")
            only = grouped & (whole >= low) & (whole <= high) & ~((numbers >= low) & (numbers <= high))
            numbers = np.where(only, whole, numbers)
            self._gather(distinct)
            others, known = self._convert(distinct, fraction="[0-9]+")
            numbers, good = np.where(good, numbers, others), good | known
        numbers = np.where(good, numbers, np.nan)
        return pd.Series(numbers[spread], index=text.index), pd.Series(
            (~good & _filled(distinct))[spread], index=text.index
        )

    def _learn(self, sign, role):
        other, rest = {".": ",", ",": "."}[sign], {"decimal": "grouping", "grouping": "decimal"}[role]
        self._roles |= {sign: role, other: rest}

    def _gather(self, distinct):
        """Learn from the first of the texts that shows what a sign is, if that is not known yet."""
        if self._roles:
            return
        shown = []
        for sign, other in (".,", ",."):
            point, rest = f"[{sign}]", f"[{other}]"
            decimal = (
                f"^-?(?:[0-9]+{point}(?:[0-9]{{1,2}}|[0-9]{{4,}})|(?:0[0-9]*|[0-9]{{4,}}){point}[0-9]+"
                f"|[0-9]{{1,3}}(?:{rest}[0-9]{{3}})+{point}[0-9]+|[0-9]{{1,3}}(?:{_BLANKS}[0-9]{{3}})+{point}[0-9]+"
                f"|[0-9]{{1,3}}(?:{rest}[0-9]{{3}}){{2,}})$"
            )
            places = np.flatnonzero(_matches(distinct, decimal))
            if len(places):
                shown.append((places[0], sign))
        if shown:
            self._learn(min(shown)[1], "decimal")

    def _convert(self, distinct, fraction, group=None):
        """Floats and which of the texts are numbers, by the signs' known roles; `fraction`: digits behind the sign.

        group: the sign to be taken for the grouping one, where no role is known.
        """
        group = next((sign for sign, role in self._roles.items() if role == "grouping"), "") if group is None else group
        decimal = next((sign for sign, role in self._roles.items() if role == "decimal"), "")
        behind = f"(?:[{decimal}]{fraction})?" if decimal else ""
        forms = [rf"-?[0-9]{{1,15}}{behind}", rf"-?[0-9]{{1,3}}(?:{_BLANKS}[0-9]{{3}}){{1,4}}{behind}"]
        if group:
            forms.append(rf"-?[1-9][0-9]{{0,2}}(?:[{group}][0-9]{{3}}){{1,4}}{behind}")
        return _to_numbers(distinct, _matches(distinct, f"^(?:{'|'.join(forms)})$"), group, decimal)


def parse_flags(text):
    """(boolean, bad): có, yes, true, x, 1, đạt and their opposites; null where empty."""
    spread, distinct = encode(text)
    read = [_FLAGS.get(strip_marks(each)) for each in distinct.to_pylist()]
    missing = np.array([each is None for each in read], bool)
    flags = pd.arrays.BooleanArray(np.array([bool(each) for each in read], bool)[spread], missing[spread])
    return pd.Series(flags, index=text.index), pd.Series((missing & _filled(distinct))[spread], index=text.index)


def _all_match(text, form):
    return pc.all(pc.match_substring_regex(cells_of(text), form)).as_py()


def _to_whole(text):
    """Whole numbers (int64) of a column of digits and nothing else, which needs no looking at its signs; or None."""
    cells = cells_of(text)
    sizes = pc.min_max(pc.binary_length(cells)).as_py()
    if not sizes["min"] or sizes["max"] > 15:
        return None
    letters = [letters_of(part) for part in cells.chunks]
    if any(((part < ord("0")) | (part > ord("9"))).any() for part in letters):
        return None
    return pc.cast(cells, pa.int64()).to_numpy()


def _matches(distinct, form):
    return pc.match_substring_regex(distinct, form).to_numpy(zero_copy_only=False)


def _filled(distinct):
    return pc.not_equal(distinct, "").to_numpy(zero_copy_only=False)


def _extract(distinct, form):
    """Places of the texts in this form, and its named parts: -1 where a part is absent, zone and rest as text."""
    parts = pc.extract_regex(distinct, form)
    hits = np.flatnonzero(pc.is_valid(parts).to_numpy(zero_copy_only=False))
    found = {}
    for field in parts.type if len(hits) else ():
        values = pc.struct_field(parts, field.name).take(pa.array(hits))
        if field.name not in ("zone", "rest"):
            values = pc.cast(pc.if_else(pc.equal(values, ""), "-1", values), pa.int64())
        found[field.name] = values.to_numpy(zero_copy_only=False)
    return hits, found


def _to_day(year, month, day):
    """Days (datetime64[D]) of the numbers, NaT where there is no such day."""
    real = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    first = ((year - 1970) * 12 + np.where(real, month, 1) - 1).astype("datetime64[M]")
    days = first.astype("datetime64[D]") + (day - 1)
    return np.where(real & (days.astype("datetime64[M]") == first), days, np.datetime64("NaT"))


def _to_time(parts):
    """What a time adds to local midnight (timedelta64[s]), and which times there are."""
    hour, minute, second = parts["hour"], parts["minute"], parts["second"]
    good = (hour < 24) & (minute < 60) & (second < 60)
    time = np.maximum(hour, 0) * 3600 + np.maximum(minute, 0) * 60 + np.maximum(second, 0)
    zones = pd.Series(parts["zone"], dtype=object)
    offsets = zones.map({zone: _offset(zone) for zone in zones.unique()}).to_numpy("int64")
    return (time - offsets).astype("timedelta64[s]"), good & (np.abs(offsets) <= 86400)


def _offset(zone):
    """Seconds from local time to the time of an offset such as +07:00; 0 where none is told."""
    if not zone:
        return 0
    if zone == "Z":
        return -7 * 3600
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return (1 if zone[0] == "+" else -1) * (hours * 3600 + minutes * 60) - 7 * 3600


def _faults(codes, rules, text, spread):
    """The rules that texts break, by the numbers of the distinct ones; None where all of them are -1."""
    if (codes < 0).all():
        return None
    return pd.Series(pd.Categorical.from_codes(codes[spread], rules), index=text.index)


def _to_numbers(distinct, good, group, decimal):
    """Floats of the texts that are `good`, without the grouping signs, `decimal` turned to a point; others NaN."""
    numbers = np.full(len(distinct), np.nan)
    if good.any():
        plain = pc.replace_substring_regex(distinct.filter(pa.array(good)), f"[{group} \u00a0\u202f]", "")
        plain = pc.replace_substring(plain, decimal, ".") if decimal else plain
        numbers[good] = pc.cast(plain, pa.float64()).to_numpy()
    return numbers, good.copy()
