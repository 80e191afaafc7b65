"""Lagging communes and districts: those behind their parent's rate by more than chance, and for how many report weeks.

Two questions are asked apart, of creation (I1) and of activity (I4); being below a target by its deadline is a third, which
asks no statistics (geo.campaign).
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from geo.coverage import Coverage, Window, read_coverage, read_peers
from geo.errors import UnitError
from geo.intervals import wilson_interval
from geo.units import LEVELS, list_units, read_atlas

# Each question with its numerator and denominator in a row of coverage.
QUESTIONS = {"creation": ("created_obliged", "obliged"), "activity": ("active", "created")}
VERDICTS = ("lagging", "watch", "ok", "too few")
FEWEST = 10  # in the denominator; of fewer nothing is said
FALSE_DISCOVERIES = 0.05  # share of the units called lagging that may be so by chance
LONGEST = 26  # report weeks that are looked back
_THURSDAY = 3

_RATE = {"creation": "I1 = created_obliged / obliged", "activity": "I4 = active / created"}
_FIGURES = {
    "": "verdict on {rate} beside the parent's: ok, watch, lagging or too few; null: no data",
    "_rate": "{rate}",
    "_low": "lower end of the 95 % Wilson interval of that rate, its numerator at most its denominator",
    "_high": "upper end; below the parent's rate: watch, or lagging",
    "_parent_rate": "the rate of all units of the parent together, this one included",
    "_p": "probability of so low a numerator at the parent's rate, adjusted by Benjamini and Hochberg among the parent's judged "
    "units; at most 0.05: lagging",
    "_weeks": "report weeks (Thursday to Wednesday) running, up to the last that ended by the window's end, in which it lagged",
}
DEFINITIONS = {
    f"{question}{name}": said.format(rate=rate) for question, rate in _RATE.items() for name, said in _FIGURES.items()
} | {
    "weeks": "the greater of creation_weeks and activity_weeks",
    "weeks_without_scans": "I6: report weeks running without any scan, though venues are created",
}


@dataclass(frozen=True)
class Lagging:
    """The verdicts on the units inside a unit.

    coverage: their counts. rows: by code, in its order: name, parent_code, for each question its verdict and, prefixed
    `creation_` or `activity_`, low, high, parent_rate, p and weeks; and weeks_without_scans. Null: no data to judge by.
    parents: code -> name of the units that they are judged by.
    """

    coverage: Coverage
    rows: pd.DataFrame
    parents: dict[str, str]

    @property
    def counts(self):
        """The rows of the coverage, by code."""
        return self.coverage.rows.set_index("code")

    def table(self):
        """One row per unit, columns code, name, parent_code and those of DEFINITIONS."""
        rates = self.counts[[f"{question}_rate" for question in QUESTIONS]]
        weeks = self.rows[[f"{question}_weeks" for question in QUESTIONS]].max(axis=1).rename("weeks")
        rows = self.rows.join([rates, weeks]).reset_index(names="code")
        return rows[["code", "name", "parent_code", *DEFINITIONS]]

    def named(self, question, verdict="lagging"):
        """Codes of the units with that verdict, the lowest rate first."""
        chosen = self.rows.index[self.rows[question] == verdict]
        return list(self.counts.loc[chosen].sort_values(f"{question}_rate").index)


def judge(numerator, denominator, parents=None):
    """The verdicts on units, each among all units of its parent; by rows of the result as given.

    numerator, denominator: Int64 Series of one index, null where nothing is known; above the denominator counts as equal to it.
    parents: the parent of each, a Series; None: one parent for all.
    Returns a frame: verdict, low, high, parent_rate, p; the order of the units does not matter.
    """
    from scipy.special import bdtr  # a fifth of a second, which the other commands need not wait for

    group = np.zeros(len(numerator), int) if parents is None else pd.factorize(parents)[0]
    known = (numerator.notna() & (denominator.fillna(0) > 0)).to_numpy()
    told, of, among = numerator[known].to_numpy("i8"), denominator[known].to_numpy("i8"), group[known]
    sums = [np.bincount(among, counts, minlength=group.max(initial=0) + 1) for counts in (told, of)]
    rates = np.minimum(np.divide(*sums, out=np.full(len(sums[0]), np.nan), where=sums[1] > 0), 1.0)
    counted, judged = np.minimum(told, of), of >= FEWEST
    low, high = wilson_interval(counted, of)
    p = np.full(len(of), np.nan)
    p[judged] = adjust(bdtr(counted[judged], of[judged], rates[among[judged]]), among[judged])
    behind = high < rates[among]
    verdicts = np.full(len(known), None, dtype=object)
    verdicts[known] = np.select(
        [~judged, behind & (p <= FALSE_DISCOVERIES), behind], ["too few", "lagging", "watch"], default="ok"
    )
    figures = pd.DataFrame({"low": low, "high": high, "p": p}, numerator.index[known]).reindex(numerator.index)
    return figures.assign(verdict=pd.Series(verdicts, numerator.index, dtype=object), parent_rate=rates[group])


def adjust(p, group):
    """Probabilities adjusted for the number of them in their group (small integers), so that among those at most q a share of q is false.

    Benjamini and Hochberg (1995).
    """
    order = np.lexsort((p, group))
    of, sizes = group[order], np.bincount(group)
    rank = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[of] + 1
    scaled = np.minimum(p[order] * sizes[of] / rank, 1)
    # The least of those from each on, group by group: 2 apart, no group reaches into the next
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum.accumulate((scaled + 2 * of)[::-1])[::-1] - 2 * of
    return adjusted


def report_week(day):
    """The report week, Thursday to Wednesday, that `day` is in."""
    first = day - timedelta(days=(day.weekday() - _THURSDAY) % 7)
    return Window(first, first + timedelta(days=6))


def report_weeks(last):
    """The report weeks that ended by `last`, the newest first, without end."""
    week = report_week(last)
    if week.last > last:
        week = report_week(week.first - timedelta(days=1))
    while True:
        yield week
        week = report_week(week.first - timedelta(days=1))


def read_lagging(connection, unit_code, window, by="commune", group=None):
    """The verdicts on the communes or districts in `unit_code`, as a Lagging; `by` and `group` as read_coverage takes them.

    Each is judged among all units of its parent, also those that the reader may not see, of which only counts without names
    are used. Raises UnitError for provinces, which have no parent here.
    """
    if by == "province":
        raise UnitError("a province is part of nothing that it could lag behind; ask by district or commune")
    found = read_coverage(connection, unit_code, window, by, group)
    verdicts = _judge_all(connection, found, by, group)
    rows = found.rows.set_index("code")[["name", "parent_code"]].join(verdicts)
    weeks = _count_weeks(connection, found, by, group, rows)
    units = list_units(connection, found.vintage)
    parents = {code: units[code].name for code in rows["parent_code"].unique()}
    return Lagging(found, rows.join(weeks), parents)


def read_verdicts(connection, coverage, question, by="commune"):
    """The verdicts of read_lagging on one of QUESTIONS, by code, for a coverage that is read: without their weeks, which take long."""
    return _judge_all(connection, coverage, by, None)[question]


def read_weekly(connection, unit_code, last, by="commune", group=None, weeks=8):
    """The rates of the units in `unit_code` in the last report weeks that ended by `last`, oldest first, as a frame.

    Columns code, week (its last day), creation_rate and activity_rate (fractions, null without a denominator); weeks in which
    other units were in force are left out.
    """
    parts = []
    vintage = read_atlas(connection, last).vintage
    for _, week in zip(range(weeks), report_weeks(last), strict=False):
        found = read_coverage(connection, unit_code, week, by, group)
        if found.vintage != vintage:
            break
        parts.append(found.rows[["code", "creation_rate", "activity_rate"]].assign(week=week.last))
    columns = ["code", "week", "creation_rate", "activity_rate"]
    return pd.concat(parts[::-1], ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _judge_all(connection, found, by, group):
    """For the rows of a coverage, by code: each question's verdict and figures."""
    own = peers = found.rows.set_index("code")
    if found.unit.level == LEVELS[by]:  # it was asked for by itself
        others = read_peers(connection, found, group).assign(parent_code=found.unit.parent_code)
        peers = pd.concat([own, others.set_axis([f"peer {place}" for place in range(len(others))])])
    told = {}
    for question, (numerator, denominator) in QUESTIONS.items():
        verdicts = judge(peers[numerator], peers[denominator], peers["parent_code"]).loc[own.index]
        told |= {question: verdicts["verdict"]}
        told |= {f"{question}_{name}": verdicts[name] for name in ("low", "high", "parent_rate", "p")}
    return pd.DataFrame(told)


def _count_weeks(connection, found, by, group, rows):
    """Report weeks running, by code: creation_weeks, activity_weeks, weeks_without_scans."""
    names = {question: f"{question}_weeks" for question in QUESTIONS} | {"silent": "weeks_without_scans"}
    weeks = pd.DataFrame(0, rows.index, list(names.values()))
    running = pd.DataFrame(True, rows.index, list(names.values()))
    for _, week in zip(range(LONGEST), report_weeks(found.window.last), strict=False):
        of_week = read_coverage(connection, found.unit.code, week, by, group)
        if of_week.vintage != found.vintage:
            break
        verdicts = _judge_all(connection, of_week, by, group).reindex(rows.index)
        counts = of_week.rows.set_index("code").reindex(rows.index)
        for question in QUESTIONS:
            running[names[question]] &= verdicts[question] == "lagging"
        running["weeks_without_scans"] &= ((counts["scans"] == 0) & (counts["created"] > 0)).fillna(False).astype(bool)
        if not running.to_numpy().any():
            break
        weeks += running
    return weeks
