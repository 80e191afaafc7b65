"""Crosswalk files: which older unit became which newer one, and the newer units that older polygons are dissolved into."""

import pandas as pd

from geo.errors import FileError
from loaders.matching import match_units
from loaders.reading import open_source

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
    note_matches(findings, matched, _COMMUNE_COLUMNS, units.set_index("code")["name"])
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
    shares = parse_shares(of["share"])
    if shares.notna().all():
        return of["to_code"].loc[shares.idxmax()]
    kept = of.loc[of["to_code"] == of["from_code"], "to_code"]
    return kept.iloc[0] if len(kept) else None


def note_matches(findings, matched, columns, names):
    """What matched did not find, and what it had to overlook, as findings; names: of the units, by the codes in matched."""
    near = matched["near"].map(lambda names: "có phải: " + ", ".join(names) if names else None, na_action="ignore")
    for (column, rule), faults in matched[matched["rule"].notna()].groupby(["column", "rule"]):
        findings.add(findings.rows.index.isin(faults.index), columns[column], rule, remedy=near)
    taken = matched["code"].map(names).map(lambda name: f"lấy là {name}; kiểm tra lại", na_action="ignore")
    for note in NOTES:
        findings.add(matched["note"] == note, columns["commune"], note, refused=False, remedy=taken)


def parse_shares(texts):
    return pd.to_numeric(texts.str.replace(",", "."), errors="coerce").astype(float)
