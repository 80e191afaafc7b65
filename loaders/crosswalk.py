"""Crosswalk files: which older unit became which newer one, for polygons to be dissolved by and counts to be carried by."""

from datetime import date

import pandas as pd
import sqlalchemy as sa

from geo.crosswalk import SLIVER_SHARE, estimate_shares, same_name
from geo.db import statement
from geo.errors import FileError
from geo.schema import unit_change
from geo.units import list_vintages
from loaders.checking import Findings
from loaders.matching import match_units
from loaders.reading import open_source
from loaders.writing import merge, read_or_log, run_whole_load

COLUMNS = {
    "from_vintage": (False, ("Địa giới cũ", "Từ bộ địa giới")),
    "from_code": (False, ("Mã xã cũ", "commune_code_2019", "old_commune_code")),
    "from_name": (True, ("Tên xã cũ", "Xã cũ", "commune_2019", "old_commune")),
    "from_district": (False, ("Tên huyện cũ", "Huyện cũ", "district", "old_district")),
    "from_province_code": (False, ("Mã tỉnh cũ", "province_code", "old_province_code")),
    "from_province": (False, ("Tên tỉnh cũ", "Tỉnh cũ", "province", "old_province")),
    "to_vintage": (False, ("Địa giới mới", "Đến bộ địa giới")),
    "to_code": (True, ("Mã xã mới", "commune_code_2024", "new_commune_code")),
    "to_name": (True, ("Tên xã mới", "Xã mới", "commune_2024", "new_commune")),
    "to_district_code": (False, ("Mã huyện mới", "district_code_2024", "new_district_code")),
    "to_district": (False, ("Tên huyện mới", "Huyện mới", "district_2024", "new_district")),
    "to_province_code": (False, ("Mã tỉnh mới", "province_code_2024", "new_province_code")),
    "to_province": (False, ("Tên tỉnh mới", "Tỉnh mới", "province_2024", "new_province")),
    "share": (False, ("Tỷ lệ", "Tỉ lệ")),
    "estimated": (False, ("Ước tính",)),
    "decree": (False, ("Nghị quyết", "Căn cứ", "Ghi chú", "note")),
}
NOTES = ("other_kind", "other_district", "other_code", "other_spelling", "by_exclusion")
_SHARES_SUM = 1e-6
_YES = ("1", "x", "có", "co", "true", "yes")


def read_crosswalk(path, mapping=None):
    """A crosswalk file (csv or xlsx) as a Source with COLUMNS."""
    return open_source(path, COLUMNS, mapping)


def successors(rows, name):
    """The newer units that a crosswalk names: frame by code of the columns of a file of communes.

    Raises FileError that lists the codes that are none, and those of two names, districts or provinces.
    """
    names = {
        "commune_code": "to_code", "commune_name": "to_name", "district_code": "to_district_code",
        "district_name": "to_district", "province_code": "to_province_code", "province_name": "to_province",
    }  # fmt: skip
    units = rows[list(names.values())].set_axis(list(names), axis=1).drop_duplicates()
    bad = units.loc[~units["commune_code"].str.fullmatch("[0-9]{5}"), "commune_code"].tolist()
    twice = units.loc[units["commune_code"].duplicated(), "commune_code"].unique().tolist()
    if bad or twice:
        told = (
            f"mã xã mới không phải 5 chữ số: {bad[:5]}"
            if bad
            else f"mã xã mới mang hai tên hoặc hai cấp trên: {twice[:5]}"
        )
        raise FileError(f"{name}: {told}; hãy sửa bảng đối chiếu")
    return units.set_index("commune_code", drop=False)


def trace_units(findings, crosswalk):
    """The newer unit that each row of an older file of communes goes into: Series of codes, None where it is refused; and
    code -> names of the older units that should go there too, and are not in the file, of the provinces that are.

    findings: of the file's rows; crosswalk: the rows of a crosswalk. A unit that goes into several is one polygon still: it
    goes whole to the one with the largest share, else to the one that keeps its code, else it is refused.
    """
    rows = findings.rows
    columns = {"from_code": "code", "from_name": "name", "from_district": "district", "from_province": "province",
               "from_province_code": "province_code"}  # fmt: skip
    old = crosswalk[list(columns)].rename(columns=columns)
    key = old.drop(columns="province_code").apply(lambda column: column.str.casefold()).agg("\n".join, axis=1)
    places = rows[["commune_name", "commune_kind", "district_name", "province_name", "province_code"]]
    places = places.set_axis(["commune", "kind", "district", "province", "province_code"], axis=1)
    # By name only: the codes of such files are of many years and numberings
    units = old.assign(code=key).drop_duplicates("code")
    matched = match_units(places.assign(code=""), units, one_to_one=True)
    _note(findings, matched, _COMMUNE_COLUMNS, units.set_index("code")["name"])
    findings.add(matched["code"].duplicated() & matched["code"].notna(), "commune_name", "duplicate")
    targets = crosswalk.assign(key=key).groupby("key", sort=False)
    chosen, split = {}, {}
    for unit, of in targets:
        chosen[unit] = _largest_part(of)
        if of["to_code"].nunique() > 1:
            split[unit] = ", ".join(of["to_name"].unique())
    codes = matched["code"].map(chosen)
    parts = matched["code"].map(split)
    told = parts.map(lambda names: f"phần đất chia cho {names}; ghi cột share vào bảng đối chiếu", na_action="ignore")
    findings.add(parts.notna() & codes.isna(), "commune_name", "split_unit", remedy=told)
    findings.add(parts.notna() & codes.notna(), "commune_name", "split_unit", refused=False, remedy=told)
    present = set(old.assign(key=key).loc[key.isin(set(matched["code"])), "province"])
    absent = old.assign(key=key, code=key.map(chosen))[~key.isin(set(matched["code"])) & old["province"].isin(present)]
    lacking = absent.drop_duplicates("key").groupby("code")["name"].agg(list).to_dict()
    return codes.where(codes.notna(), None), lacking


_COMMUNE_COLUMNS = {
    "code": "commune_code",
    "commune": "commune_name",
    "district": "district_name",
    "province": "province_name",
}


def _largest_part(of):
    if of["to_code"].nunique() == 1:
        return of["to_code"].iloc[0]
    shares = _parse_shares(of["share"])
    if shares.notna().all():
        return of["to_code"].loc[shares.idxmax()]
    kept = of.loc[of["to_code"] == of["from_code"], "to_code"]
    return kept.iloc[0] if len(kept) else None


def _note(findings, matched, columns, names):
    """What matched did not find, and what it had to overlook, as findings; names: of the units, by the codes in matched."""
    near = matched["near"].map(lambda names: "có phải: " + ", ".join(names) if names else None)
    for (column, rule), faults in matched[matched["rule"].notna()].groupby(["column", "rule"]):
        findings.add(findings.rows.index.isin(faults.index), columns[column], rule, remedy=near)
    taken = matched["code"].map(names).map(lambda name: f"lấy là {name}; kiểm tra lại", na_action="ignore")
    for note in NOTES:
        findings.add(matched["note"] == note, columns["commune"], note, refused=False, remedy=taken)


def load_unit_changes(path, from_vintage=None, to_vintage=None, mapping=None, **options):
    """Load what became of the units of one vintage in another.

    from_vintage, to_vintage: first days of both, where the file has no columns of them. A unit that goes whole into one
    needs no share; of one that is split without shares these are estimated from the polygons of both vintages.
    What was told of these units before is replaced.
    """
    source = read_or_log("unit-changes", read_crosswalk, path, mapping, options=options)

    def check(connection, rows):
        findings = Findings(rows, source.headers)
        changes = _check_changes(findings, connection, from_vintage, to_vintage)
        return findings, changes.assign(accepted=_accepted(findings)[changes.index])

    def write(connection, changes, accepted, run):
        changes = changes[changes["accepted"]].drop(columns="accepted")
        if changes.empty:
            return 0
        return _replace(connection, changes, run)

    days = {"from_vintage": from_vintage, "to_vintage": to_vintage}
    settings = {name: day.isoformat() for name, day in days.items() if day}
    return run_whole_load("unit-changes", source, check, write, settings=settings, **options)


def _check_changes(findings, connection, from_day, to_day):
    """The rows as unit_change has them."""
    rows = findings.rows
    known = {vintage.valid_from.isoformat(): vintage for vintage in list_vintages(connection)}
    days = {}
    for column, given in (("from_vintage", from_day), ("to_vintage", to_day)):
        days[column] = rows[column].where(rows[column] != "", given.isoformat() if isinstance(given, date) else "")
        loaded = pd.Series(f"các bộ đang có: {', '.join(known)}; nạp bộ còn thiếu trước", index=rows.index)
        findings.add(~days[column].isin(list(known)), column, "unknown_vintage", remedy=loaded)
    findings.add((days["from_vintage"] >= days["to_vintage"]) & _accepted(findings), "from_vintage", "not_earlier")
    parts = []
    good = _accepted(findings)
    for (start, end), of in pd.DataFrame(days)[good].groupby(["from_vintage", "to_vintage"]):
        parts.append(_check_pair(findings, connection, known[start], known[end], of.index))
    columns = ["from_vintage", "from_code", "to_vintage", "to_code", "share", "decree", "estimated"]
    return pd.concat(parts) if parts else pd.DataFrame(columns=columns)


def _check_pair(findings, connection, start, end, index):
    rows = findings.rows.loc[index]
    communes = {vintage.id: _list_units(connection, vintage) for vintage in (start, end)}
    found = {
        side: _match_side(findings, rows, side, communes[each.id]) for side, each in (("from", start), ("to", end))
    }
    changes = pd.DataFrame({
        "from_vintage": start.id, "from_code": found["from"], "to_vintage": end.id, "to_code": found["to"],
        "share": _check_shares(findings, rows), "decree": rows["decree"].str.split().str.join(" "),
        "estimated": rows["estimated"].str.casefold().isin(_YES),
    }, index=index)  # fmt: skip
    keys = ["from_code", "to_code"]
    findings.add(_on(findings, changes[keys].duplicated() & changes[keys].notna().all(axis=1)), "to_code", "duplicate")
    _refuse_still_there(findings, changes, communes[start.id], communes[end.id])
    return _fill_shares(findings, connection, start, end, changes)


def _list_units(connection, vintage):
    rows = connection.execute(statement("list_communes"), {"vintage": vintage.id}).mappings().all()
    return pd.DataFrame(rows, columns=["code", "name", "district", "province", "province_code"])


def _match_side(findings, rows, side, units):
    columns = {
        "code": f"{side}_code", "commune": f"{side}_name", "district": f"{side}_district", "province": f"{side}_province",
        "province_code": f"{side}_province_code",
    }  # fmt: skip
    places = rows[list(columns.values())].set_axis(list(columns), axis=1).assign(kind="")
    distinct = places.drop_duplicates()
    matched = match_units(distinct, units)
    keys = pd.Series(distinct.index, index=pd.MultiIndex.from_frame(distinct))
    matched = matched.loc[keys.loc[pd.MultiIndex.from_frame(places)]].set_axis(rows.index)
    _note(findings, matched.reindex(findings.rows.index), columns, units.set_index("code")["name"])
    return matched["code"]


def _check_shares(findings, rows):
    shares = _parse_shares(rows["share"])
    findings.add(_on(findings, (rows["share"] != "") & ~((shares > 0) & (shares <= 1))), "share", "bad_share")
    return shares


def _parse_shares(texts):
    return pd.to_numeric(texts.str.replace(",", "."), errors="coerce").astype(float)


def _refuse_still_there(findings, changes, old, new):
    """Refuse what sends a unit elsewhere that is in the newer vintage with its code and name: the file is of another day."""
    names, later = old.set_index("code")["name"], new.set_index("code")["name"]
    own = changes["to_code"] == changes["from_code"]
    stays = changes["from_code"].isin(set(changes.loc[own, "from_code"]))
    same = pd.Series(
        [
            code in later.index and same_name(names[code], later[code]) if code else False
            for code in changes["from_code"]
        ],
        index=changes.index,
    )
    findings.add(_on(findings, same & ~stays), "from_name", "still_there")


def _fill_shares(findings, connection, start, end, changes):
    """The changes with every share: told, 1 for a unit that goes whole into one, or estimated from the polygons."""
    told = changes[_accepted(findings)[changes.index]]
    size = told.groupby("from_code")["share"].transform("size")
    untold = told["share"].isna().groupby(told["from_code"]).transform("any")
    changes.loc[told.index[untold & (size == 1)], "share"] = 1.0
    guessed = told[untold & (size > 1)]
    if len(guessed):
        area = estimate_shares(connection, start, end, guessed["from_code"].unique()).set_index(
            ["from_code", "to_code"]
        )
        shares = area["share"].reindex(pd.MultiIndex.from_frame(guessed[["from_code", "to_code"]])).fillna(0.0)
        shares = shares.set_axis(guessed.index)
        findings.add(_on(findings, shares < SLIVER_SHARE), "to_name", "no_overlap")
        shares = shares[shares >= SLIVER_SHARE]
        changes.loc[shares.index, "share"] = shares / shares.groupby(changes["from_code"]).transform("sum")
        changes.loc[shares.index, "estimated"] = True
    # Of a unit of which a row was refused for anything but that, the rest would be less than the whole
    refused = ~_accepted(findings)[changes.index]
    lost = refused & ~changes.index.isin(guessed.index)
    broken = changes["from_code"].isin(set(changes.loc[lost & changes["from_code"].notna(), "from_code"]))
    findings.add(_on(findings, broken & ~refused), "from_name", "part_refused")
    sums = changes[~refused].groupby("from_code")["share"].sum()
    off = changes["from_code"].map(sums).sub(1).abs() > _SHARES_SUM
    said = changes["from_code"].map(sums).map(lambda total: f"tổng là {total:.6g}; sửa cho bằng 1", na_action="ignore")
    findings.add(_on(findings, off & ~refused & ~broken), "share", "share_sum", remedy=said)
    return changes


def _accepted(findings):
    return pd.Series(findings.accepted(), index=findings.rows.index)


def _on(findings, broken):
    return broken.reindex(findings.rows.index, fill_value=False)


def _replace(connection, changes, run):
    """Write the changes in the place of what was told before of the same units; how many rows changed."""
    units = changes.groupby(["from_vintage", "to_vintage"])
    gone = 0
    for (start, end), of in units:
        pairs = list(of[["from_code", "to_code"]].itertuples(index=False, name=None))
        gone += connection.execute(
            unit_change.delete().where(
                unit_change.c.from_vintage == start, unit_change.c.to_vintage == end,
                unit_change.c.from_code.in_(of["from_code"].unique().tolist()),
                sa.tuple_(unit_change.c.from_code, unit_change.c.to_code).not_in(pairs),
            )
        ).rowcount  # fmt: skip
    return gone + merge(connection, unit_change, ["from_vintage", "from_code", "to_vintage", "to_code"], changes, run)
