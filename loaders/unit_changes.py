"""What became of the units of one vintage in a later one, with shares told or estimated, for counts to be carried by."""

import pandas as pd
import sqlalchemy as sa

from geo.crosswalk import SLIVER_SHARE, estimate_shares, same_name
from geo.db import statement
from geo.errors import FileError
from geo.schema import unit_change
from geo.units import list_vintages
from loaders.checking import Findings, read_flags
from loaders.crosswalk import note_matches, parse_shares, read_crosswalk
from loaders.matching import match_units
from loaders.values import parse_days
from loaders.writing import merge, read_or_log, run_whole_load

_SHARES_SUM = 1e-6


def load_unit_changes(path, from_vintage=None, to_vintage=None, mapping=None, **options):
    """Load what became of the units of one vintage in another.

    from_vintage, to_vintage: first days of both, where the file has no columns of them. A unit that goes whole into one
    needs no share; of one that is split without shares these are estimated from the polygons of both vintages.
    What was told of these units before is replaced.
    """
    days = {"from_vintage": from_vintage, "to_vintage": to_vintage}

    def read(path, mapping):
        source = read_crosswalk(path, mapping)
        lacking = [column for column, day in days.items() if not day and column not in source.headers]
        if lacking:
            raise FileError(
                f"{source.name}: không rõ đổi từ bộ địa giới nào sang bộ nào; hãy thêm cột {', '.join(lacking)}, "
                "hoặc ghi --from và --to với ngày đầu của hai bộ"
            )
        return source

    source = read_or_log("unit-changes", read, path, mapping, options=options)

    def check(connection, rows):
        findings = Findings(rows, source.headers)
        changes = _check_changes(findings, connection, days)
        # An account loads what became of its own units: all parts of one come together
        findings.units = changes.pop("unit").reindex(rows.index).fillna(0).to_numpy("i8")
        return findings, (changes, rows.index)

    def write(connection, prepared, accepted, run):
        changes, index = prepared
        return _replace(connection, changes.loc[index[accepted]], run) if accepted.any() else 0

    settings = {name: day.isoformat() for name, day in days.items() if day}
    return run_whole_load("unit-changes", source, check, write, settings=settings, **options)


def _check_changes(findings, connection, given):
    """The rows as unit_change has them, and the number of the older unit; given: first day of the vintage by column, for
    rows that do not tell it."""
    rows = findings.rows
    known = {pd.Timestamp(vintage.valid_from): vintage for vintage in list_vintages(connection)}
    loaded = f"các bộ đang có: {', '.join(f'{day:%d/%m/%Y}' for day in known)}; nạp bộ còn thiếu trước"
    loaded = pd.Series(loaded, index=rows.index)
    days = {}
    for column, day in given.items():
        days[column], _ = parse_days(rows[column].where(rows[column] != "", day.isoformat() if day else ""))
        findings.add(~days[column].isin(list(known)), column, "unknown_vintage", remedy=loaded)
    findings.add((days["from_vintage"] >= days["to_vintage"]) & _accepted(findings), "from_vintage", "not_earlier")
    good = _accepted(findings)
    # Of a unit of which one row goes nowhere, the rest would be taken for the whole
    typed = rows[["from_code", "from_name", "from_district"]].assign(day=days["from_vintage"])
    lost = pd.MultiIndex.from_frame(typed[~good & days["from_vintage"].notna()])
    findings.add(good & pd.MultiIndex.from_frame(typed).isin(lost), "from_name", "part_refused")
    good = _accepted(findings)
    estimated = read_flags(findings, "estimated")
    parts = []
    for (start, end), of in pd.DataFrame(days)[good].groupby(["from_vintage", "to_vintage"]):
        parts.append(_check_pair(findings, connection, known[start], known[end], estimated[of.index]))
    columns = ["from_vintage", "from_code", "to_vintage", "to_code", "share", "decree", "estimated", "unit"]
    return pd.concat(parts) if parts else pd.DataFrame(columns=columns)


def _check_pair(findings, connection, start, end, estimated):
    """The changes between two vintages; estimated: what the rows of these say of themselves."""
    rows = findings.rows.loc[estimated.index]
    communes = {vintage.id: _list_units(connection, vintage) for vintage in (start, end)}
    found = {
        side: _match_side(findings, rows, side, communes[each.id]) for side, each in (("from", start), ("to", end))
    }
    changes = pd.DataFrame({
        "from_vintage": start.id, "from_code": found["from"], "to_vintage": end.id, "to_code": found["to"],
        "share": _check_shares(findings, rows), "decree": rows["decree"].str.split().str.join(" "),
        "estimated": estimated.fillna(False).astype(bool),
        "unit": found["from"].map(communes[start.id].set_index("code")["id"]),
    })  # fmt: skip
    keys = ["from_code", "to_code"]
    findings.add(_on(findings, changes[keys].duplicated() & changes[keys].notna().all(axis=1)), "to_code", "duplicate")
    _refuse_still_there(findings, changes, communes[start.id], communes[end.id])
    return _fill_shares(findings, connection, start, end, changes)


def _list_units(connection, vintage):
    rows = connection.execute(statement("list_communes"), {"vintage": vintage.id}).mappings().all()
    return pd.DataFrame(rows, columns=["id", "code", "name", "district", "province", "province_code"])


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
    note_matches(findings, matched.reindex(findings.rows.index), columns, units.set_index("code")["name"])
    return matched["code"]


def _check_shares(findings, rows):
    shares = parse_shares(rows["share"])
    findings.add(_on(findings, (rows["share"] != "") & ~((shares > 0) & (shares <= 1))), "share", "bad_share")
    return shares


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
