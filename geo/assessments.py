"""Self-assessment of agencies: who has answered, and the share of those going in and out who were scanned, as agencies tell it."""

from dataclasses import dataclass

import pandas as pd

from geo.coverage import Window
from geo.db import statement
from geo.errors import UnitError
from geo.names import strip_marks
from geo.units import LEVELS, Unit, Vintage, communes_within, find_unit, read_atlas

GROUP = "A"  # the obligation group of agencies
COUNTS = ("agencies", "answered", "others", "points", "supervisors", "entrants", "scanned")
DEFINITIONS = {
    "agencies": "organisations of the register's group A; null where the register names none",
    "answered": "of these, those that assessed themselves in the window",
    "others": "agencies that did so and are not in the register",
    "points": "control points, by each agency's newest answer in the window, registered or not",
    "supervisors": "people who guide and supervise scanning there",
    "entrants": "people who went in and out on the day that the agency counted (denominator of scanned_rate)",
    "scanned": "of these, those who were scanned, as the agency tells it",
    "answered_rate": "answered / agencies",
    "scanned_rate": "scanned / entrants, declared by the agencies themselves; no inspection's, which is I9",
}


def fold_agency(name):
    """What two spellings of an agency's name have in common: without marks, capitals and blanks that are too many."""
    return " ".join(strip_marks(name).split())


@dataclass(frozen=True)
class Assessments:
    """The self-assessments of a unit's agencies in a window.

    agencies: one row each, those without an answer first: code, commune, parent_code, district, organisation, registered, assessed_on,
    points, supervisors, system, entrants, scanned (Int64), scanned_rate (Float64); null without an answer. rows: by commune or district:
    code, name, COUNTS (Int64), answered_rate, scanned_rate (Float64, null without a denominator). total: the same for the unit.
    """

    unit: Unit
    vintage: Vintage
    window: Window
    agencies: pd.DataFrame
    rows: pd.DataFrame
    total: pd.Series


def read_assessments(connection, unit_code, window, by="commune"):
    """The Assessments of a unit in scope, by "commune" or "district"; units are those in force at the window's end. UnitError."""
    atlas = read_atlas(connection, window.last)
    unit = find_unit(atlas.units, unit_code, atlas.vintage)
    if LEVELS[by] < unit.level:
        raise UnitError(f"{unit.name} lies inside a {by}; ask by a smaller kind of unit")
    asked = {"unit": unit_code, "vintage": atlas.vintage.id, "group": GROUP, "first": window.first, "last": window.last}
    found = connection.execute(statement("list_assessments"), asked)
    agencies = pd.DataFrame(found.all(), columns=list(found.keys()), dtype=object)
    agencies = agencies.astype({name: "Int64" for name in ("points", "supervisors", "entrants", "scanned")} | {"registered": bool})
    agencies = _join_spellings(agencies)
    agencies = agencies.assign(scanned_rate=_divide(agencies["scanned"], agencies["entrants"]))
    for name, code in (("commune", "code"), ("district", "parent_code")):
        agencies[name] = [atlas.units[each].name for each in agencies[code]]
    # without an answer first, then the lowest share
    order = pd.DataFrame({"silent": agencies["assessed_on"].isna(), "rate": agencies["scanned_rate"]})
    agencies = agencies.loc[order.sort_values(["silent", "rate"], ascending=[False, True], kind="stable").index].reset_index(drop=True)
    codes = communes_within(atlas.units, unit_code)
    inside = {code: code if by == "commune" else atlas.units[code].parent_code for code in codes}
    told = bool(agencies["registered"].any())
    rows = _sum(agencies, agencies["code"].map(inside), list(dict.fromkeys(inside.values())), told)
    total = _sum(agencies, pd.Series(unit_code, agencies.index), [unit_code], told)
    rows, total = (sums.rename_axis("code").reset_index() for sums in (rows, total))
    for sums in (rows, total):
        sums.insert(1, "name", [atlas.units[code].name for code in sums["code"]])
    return Assessments(unit, atlas.vintage, window, agencies, rows, total.iloc[0])


def _join_spellings(agencies):
    """One row for an agency of the register whose answers came under another spelling, from before the register had it."""
    named = zip(agencies["code"], agencies["organisation"], strict=True)
    keys = pd.Series([(code, fold_agency(name)) for code, name in named], agencies.index, dtype=object)
    known = agencies[agencies["registered"]].assign(key=keys).drop_duplicates("key", keep=False).set_index("key")["organisation"]
    names = keys.map(known.to_dict()).astype(object)
    agencies = agencies.assign(organisation=names.where(names.notna(), agencies["organisation"]), registered=agencies["registered"] | names.notna())
    newest = agencies.sort_values("assessed_on", ascending=False, na_position="last", kind="stable")
    return newest.drop_duplicates(["code", "organisation"]).sort_index().reset_index(drop=True)


def _sum(agencies, keys, codes, told):
    """COUNTS and rates by key, of these codes; summed, then divided. told: the register names agencies, so that none is 0."""
    answered = agencies["assessed_on"].notna()
    counted = agencies[["points", "supervisors", "entrants", "scanned"]].assign(
        agencies=agencies["registered"].astype("Int64"), answered=(agencies["registered"] & answered).astype("Int64"),
        others=(~agencies["registered"] & answered).astype("Int64"),
    )  # fmt: skip
    sums = counted.groupby(keys.to_numpy()).sum(min_count=1)[list(COUNTS)].astype("Int64").reindex(codes)
    sums["others"] = sums["others"].fillna(0)
    for name in ("agencies", "answered"):
        sums[name] = sums[name].fillna(0) if told else pd.array([pd.NA] * len(sums), "Int64")
    return sums.assign(answered_rate=_divide(sums["answered"], sums["agencies"]), scanned_rate=_divide(sums["scanned"], sums["entrants"]))


def _divide(numerator, denominator):
    return numerator.astype("Float64") / denominator.mask(denominator == 0).astype("Float64")
