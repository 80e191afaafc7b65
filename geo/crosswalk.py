"""From the units of one vintage to those of a later one: what became of each, and counts carried along.

Forward only: a merger cannot be undone, since nobody knows which part of a sum came from where.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from geo.db import statement
from geo.errors import BoundaryError
from geo.names import fold, split_kind
from geo.units import list_vintages

SLIVER_SHARE = 0.05  # a smaller part of a unit in another one is a border drawn differently, not a part that moved
CHANGES = {  # kind of change -> what it is
    "merged": "went into a unit that others went into too",
    "split": "went into several units",
    "renamed": "has another name",
    "recoded": "has another code under the same name",
    "reused_code": "its code now names another unit",
    "moved": "lies in another district",
    "unknown": "what became of it is neither told nor seen in the polygons",
    "new": "a unit that none became",
    "unchanged": "is as it was",
    "not_loaded": "one of the two vintages holds no unit of its province",
}
_DIFF_COLUMNS = [
    "change", "from_code", "from_name", "from_district", "to_code", "to_name", "to_district", "share", "estimated", "decree", "reused_by",
]  # fmt: skip


def read_changes(connection, from_vintage, to_vintage):
    """What became of each commune of a Vintage in a later one, over the vintages between where files tell no direct way.

    Returns a frame: from_code, from_name, to_code, share (above 0; the shares of one unit add up to 1), estimated (whether
    a share was worked out from polygons), decree. A commune that no file names stays what it is, if both its code and its
    name are the same in both; else its to_code is null: what became of it is not known.
    Raises BoundaryError where `to_vintage` is not the later one.
    """
    if to_vintage.valid_from <= from_vintage.valid_from:
        raise BoundaryError(
            f"counts are carried forward only; {to_vintage.valid_from} is not after {from_vintage.valid_from}"
        )
    stops = _find_way(connection, from_vintage, to_vintage)
    carried = _one_step(connection, *stops[:2])
    for step in pairwise(stops[1:]):
        carried = _chain(carried, _one_step(connection, *step))
    return carried


def carry_counts(counts, changes):
    """Counts per commune of the older vintage as counts per commune of the later one; every sum is kept exactly.

    counts: frame of whole numbers of 0 or more, its index the codes of the older vintage. changes: as read_changes gives.
    A count that is split is rounded by largest remainder, the larger share first. Returns the same columns by code of the
    later vintage, and `estimated`: whether any share that counted here was worked out from polygons.
    Raises BoundaryError that names the communes with counts of which it is not known what became of them.
    """
    names = changes.drop_duplicates("from_code").set_index("from_code")["from_name"]
    known = changes.dropna(subset=["to_code"])
    lost = sorted(set(counts.index) - set(known["from_code"]))
    if lost:
        told = ", ".join(f"{code} {names.get(code, '')}".strip() for code in lost[:10])
        more = f" and {len(lost) - 10} more" if len(lost) > 10 else ""
        raise BoundaryError(
            f"it is not known what became of {told}{more}; load what changed: phuqr load unit-changes FILE"
        )
    parts = known[known["from_code"].isin(counts.index)]
    parts = parts.sort_values(["from_code", "share", "to_code"], ascending=[True, False, True], ignore_index=True)
    given = counts.loc[parts["from_code"]].to_numpy(dtype="int64")
    split = pd.DataFrame(
        _apportion(given, parts["share"].to_numpy(), parts["from_code"].to_numpy()), columns=counts.columns
    )
    by_code = parts["to_code"].rename(counts.index.name)
    estimated = parts["estimated"].astype(bool).groupby(by_code).any()
    return split.groupby(by_code).sum().assign(estimated=estimated)


def diff_units(connection, from_vintage, to_vintage):
    """What changed between two vintages, commune by commune.

    Returns a frame, one row per unit, its successor and kind of change: change, from_code, from_name, from_district,
    to_code, to_name, to_district, share, estimated, decree, reused_by (what the old code names now); None where there is none.
    The kinds are those of CHANGES, in their order. What no file tells is proposed from where the polygons lie, and marked as estimated.
    """
    changes = read_changes(connection, from_vintage, to_vintage)
    unknown = changes.loc[changes["to_code"].isna(), "from_code"].tolist()
    if unknown:
        proposed = _propose(connection, from_vintage, to_vintage, unknown).merge(changes[["from_code", "from_name"]])
        rest = changes[~changes["from_code"].isin(proposed["from_code"])]
        changes = pd.concat([rest, proposed.assign(decree=None)]) if len(proposed) else rest
    old, new = (_list_communes(connection, vintage) for vintage in (from_vintage, to_vintage))
    pairs = changes.drop(columns="from_name").join(old.add_prefix("from_"), on="from_code")
    pairs = pairs.merge(new.add_prefix("to_"), how="outer", left_on="to_code", right_index=True)
    pairs = pairs.sort_values(["from_code", "to_code"], ignore_index=True)
    told = sorted(_tell_changes(pairs, old, new), key=lambda row: list(CHANGES).index(row["change"]))
    return pd.DataFrame(told, columns=_DIFF_COLUMNS, dtype=object)


def count_communes(connection, from_vintage, to_vintage):
    """How many communes each province has that both vintages hold: frame code, name (of the later one), before, after."""
    old, new = (_list_communes(connection, vintage) for vintage in (from_vintage, to_vintage))
    counts = pd.concat(
        [
            new.groupby("province_code")["province"].first().rename("name"),
            old.groupby("province_code").size().rename("before"),
            new.groupby("province_code").size().rename("after"),
        ],
        axis=1,
        join="inner",
    )
    return counts.rename_axis("code").reset_index()


def list_predecessors(connection, vintage):
    """Older communes that went whole into one of `vintage`, with their names of then: frame old_vintage (id), valid_from,
    old_code, old_name, old_district (null where there was none), old_province, code."""
    columns = ["old_vintage", "valid_from", "old_code", "old_name", "old_district", "old_province", "code"]
    return _frame(connection, "list_predecessors", columns, vintage=vintage.id)


def estimate_shares(connection, from_vintage, to_vintage, codes):
    """Which part of each commune's polygon lies in each commune of the other Vintage: frame from_code, to_code, share."""
    of = {"from_vintage": from_vintage.id, "to_vintage": to_vintage.id, "codes": list(codes)}
    return _frame(connection, "estimate_shares", ["from_code", "to_code", "share"], **of)


def same_name(one, other):
    """Whether two names are one, where one of them may lack blanks or the kind of unit: "EaBar", "Xã Ea Bar"."""
    (kind, bare), (other_kind, other_bare) = split_kind(one), split_kind(other)
    same = fold("".join(bare.split())) == fold("".join(other_bare.split()))
    return same and (kind == other_kind or None in (kind, other_kind))


def _frame(connection, query, columns, **place):
    return pd.DataFrame(connection.execute(statement(query), place).mappings().all(), columns=columns)


def _list_changes(connection, from_vintage, to_vintage):
    columns = ["from_code", "to_code", "share", "estimated", "decree"]
    return _frame(connection, "list_changes", columns, from_vintage=from_vintage.id, to_vintage=to_vintage.id)


def _find_way(connection, from_vintage, to_vintage):
    """The vintages to go over: the fewest between which files tell what changed, else all that lie between."""
    links = connection.execute(statement("list_links")).all()
    known = {vintage.id: vintage for vintage in list_vintages(connection)}
    ways, seen = [[from_vintage.id]], {from_vintage.id}
    for way in ways:
        if way[-1] == to_vintage.id:
            return [known[stop] for stop in way]
        further = sorted({end for start, end in links if start == way[-1]} - seen)
        seen.update(further)
        ways += [[*way, stop] for stop in further]
    days = from_vintage.valid_from, to_vintage.valid_from
    return [vintage for vintage in known.values() if days[0] <= vintage.valid_from <= days[1]]


def _list_communes(connection, vintage):
    columns = ["code", "name", "district_code", "district", "province_code", "province"]
    return _frame(connection, "list_communes", columns, vintage=vintage.id).set_index("code")


def _one_step(connection, from_vintage, to_vintage):
    """The changes that files tell, and all other communes as they stayed, or with a null to_code."""
    old, new = (_list_communes(connection, vintage)["name"] for vintage in (from_vintage, to_vintage))
    told = _list_changes(connection, from_vintage, to_vintage)
    rest = [code for code in old.index if code not in set(told["from_code"])]
    kept = [code if code in new.index and same_name(old[code], new[code]) else None for code in rest]
    stayed = pd.DataFrame({"from_code": rest, "to_code": kept, "share": 1.0, "estimated": False, "decree": None})
    parts = [part for part in (told, stayed) if len(part)]
    changes = pd.concat(parts, ignore_index=True) if parts else stayed
    changes.insert(1, "from_name", changes["from_code"].map(old))
    return changes.sort_values(["from_code", "to_code"], ignore_index=True)


def _chain(first, second):
    """Two steps as one; of several ways from one unit to another the shares are added."""
    both = first.merge(
        second.drop(columns="from_name"), how="left", left_on="to_code", right_on="from_code", suffixes=("", "_next")
    )
    both["share"] *= both["share_next"].fillna(1)
    both["estimated"] = both["estimated"] | both["estimated_next"].eq(True)
    both["decree"] = [
        "; ".join(dict.fromkeys(decree for decree in pair if pd.notna(decree) and decree)) or None
        for pair in zip(both["decree"], both["decree_next"])
    ]
    lost = set(both.loc[both["to_code_next"].isna(), "from_code"])
    # Of what became of a part of it nothing is known: then it is not known of the whole
    both.loc[both["from_code"].isin(lost), ["to_code_next", "share"]] = [None, 1.0]
    joined = both.groupby(["from_code", "from_name", "to_code_next"], dropna=False, as_index=False).agg(
        share=("share", "sum"), estimated=("estimated", "any"), decree=("decree", "first")
    )
    joined.loc[joined["from_code"].isin(lost), "share"] = 1.0
    return joined.rename(columns={"to_code_next": "to_code"})


def _apportion(given, shares, units):
    """Whole numbers that add up to each unit's own, in proportion to its shares.

    given: numbers (row, column), the same in each row of one unit; shares, units: of each row, sorted by unit and then by share.
    """
    starts = np.flatnonzero(np.r_[True, units[1:] != units[:-1]]) if len(units) else np.array([], dtype=int)
    exact = given * shares[:, None]
    whole = np.floor(exact + 1e-9).astype("int64")
    for first, last in zip(starts, [*starts[1:], len(units)]):
        part, left = whole[first:last], exact[first:last] - whole[first:last]
        for column in range(given.shape[1]):
            missing = given[first, column] - part[:, column].sum()
            part[np.argsort(-left[:, column], kind="stable")[:missing], column] += 1
    return whole


def _propose(connection, from_vintage, to_vintage, codes):
    shares = estimate_shares(connection, from_vintage, to_vintage, codes)
    shares = shares[shares["share"] >= SLIVER_SHARE]
    total = shares.groupby("from_code")["share"].transform("sum")
    return shares.assign(share=shares["share"] / total, estimated=True)


def _tell_changes(pairs, old, new):
    parts, sources = pairs["from_code"].value_counts(), pairs["to_code"].value_counts()
    districts = pairs["to_district_code"].notna().any()
    held = set(old["province_code"]), set(new["province_code"])
    for pair in pairs.to_dict("records"):
        start, end = pair["from_code"], pair["to_code"]
        row = {column: None if pd.isna(pair[column]) else pair[column] for column in _DIFF_COLUMNS if column in pair}
        if row["to_code"] is None or row["from_code"] is None:
            gone = row["to_code"] is None
            loaded = pair["from_province_code"] in held[1] if gone else pair["to_province_code"] in held[0]
            found = ["not_loaded" if not loaded else "unknown" if gone else "new"]
        else:
            named = same_name(pair["from_name"], pair["to_name"])
            is_so = {"split": parts[start] > 1, "merged": sources[end] > 1}
            if not any(is_so.values()):
                is_so = {"renamed": not named, "recoded": start != end}
            found = [change for change, so in is_so.items() if so]
            if districts and pair["from_district_code"] != pair["to_district_code"]:
                found.append("moved")
        if start in new.index and not same_name(old["name"][start], new["name"][start]) and found != ["renamed"]:
            found.append("reused_code")
            row["reused_by"] = new["name"][start]
        yield from ({"change": change, "reused_by": None, **row} for change in found or ["unchanged"])
