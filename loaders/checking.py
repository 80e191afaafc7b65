"""Rules over a column at a time; all that is wrong with a file is found before any of it is written."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from geo.db import today
from geo.names import Names

# Rule -> what is wrong, and what to do about it, for the staff who mend the file.
RULES = {
    "missing": ("ô để trống", "điền giá trị"),
    "duplicate": ("đã có ở dòng trên trong cùng tệp", "giữ lại một dòng"),
    "not_a_date": ("không phải ngày có thật", "ghi ngày dạng 26/11/2021 hoặc 2021-11-26"),
    "future_date": ("ngày ở tương lai", "sửa lại ngày"),
    "early_date": ("ngày trước năm 2020, khi chưa có mã QR", "sửa lại năm"),
    "closed_before_creation": ("ngày đóng trước ngày tạo", "kiểm tra hai ngày"),
    "unknown_solution": ("hình thức chưa biết", "ghi poster (mã QR dán) hoặc device (thiết bị quét)"),
    "not_a_count": ("không phải số đếm", "ghi số nguyên từ 0 trở lên"),
    "not_a_number": ("không phải số", "ghi số thập phân với dấu chấm"),
    "people_above_scans": ("số người nhiều hơn số lượt quét", "kiểm tra xem hai cột có bị đổi chỗ"),
    "before_creation": ("có lượt quét trước ngày tạo mã", "kiểm tra ngày tạo của địa điểm"),
    "unknown_venue": ("chưa có địa điểm mang mã này", "nạp danh sách địa điểm trước, hoặc sửa mã"),
    "bad_venue_code": (
        "mã bị bảng tính làm tròn, hoặc dài quá 100 ký tự",
        "định dạng cột mã là văn bản rồi ghi lại mã",
    ),
    "unknown_code": ("không có xã mang mã này", "sửa mã xã theo danh mục"),
    "unknown_province": ("không có tỉnh mang tên này", "sửa tên tỉnh"),
    "unknown_district": ("không có huyện mang tên này", "sửa tên huyện"),
    "unknown_commune": ("huyện này không có xã mang tên này", "sửa tên xã"),
    "code_and_name_differ": ("mã xã và tên không cùng chỉ một xã", "sửa mã hoặc tên, hay để trống một trong hai"),
    "ambiguous_name": ("tên có thể chỉ nhiều đơn vị", "ghi đủ xã, phường hay thị trấn, hoặc dùng mã"),
    "unknown_kind": ("loại hình chưa biết, xếp vào Khác", "chọn một loại hình trong danh mục"),
    "unknown_group": ("nhóm đối tượng chưa biết", "ghi một nhóm trong danh mục"),
    "bad_code": ("mã không đúng dạng: tỉnh 2, huyện 3, xã 5 chữ số", "sửa mã, giữ số 0 ở đầu"),
    "two_parents": ("một mã mang hai tên hoặc hai cấp trên khác nhau", "sửa cho thống nhất"),
    "not_a_polygon": ("không có vùng nào", "vẽ lại ranh giới của xã"),
    "not_in_country": ("vùng nằm ngoài Việt Nam", "kiểm tra hệ tọa độ của tệp"),
    "uneven_border": ("ranh giới không khớp với xã bên cạnh", "khớp lại ranh giới chung của hai xã"),
    "half_point": ("chỉ có một nửa tọa độ, bỏ tọa độ", "ghi đủ kinh độ và vĩ độ"),
    "null_island": ("tọa độ 0, 0, bỏ tọa độ", "xóa hoặc ghi lại tọa độ"),
    "swapped_point": ("kinh độ và vĩ độ bị đổi chỗ, đã đổi lại", "sửa trong tệp gốc"),
    "outside_country": ("tọa độ ngoài Việt Nam, bỏ tọa độ", "ghi lại tọa độ"),
    "outside_commune": ("tọa độ ngoài xã đã khai, giữ lại", "kiểm tra xã hoặc tọa độ"),
}
_DAY_FORMS = {"%Y-%m-%d": r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", "%d/%m/%Y": r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}"}
_FIRST_DAY = pd.Timestamp(2020, 1, 1)  # no venue had a QR code for tracing before: a day in 0021 or 1900 is a slip


@dataclass
class Findings:
    """What the rules found in one file.

    rows: the checked rows (text); headers: canonical column -> the file's own header.
    communes: vintage and commune_code of each row (the rows' index), null where they could not be known.
    table(): columns row, column, value, rule, refused, reason, remedy; one line per finding, in the file's order.
    Of a refused row only the refusals are told: a warning says what was done with a row that was loaded.
    """

    rows: pd.DataFrame
    headers: dict[str, str]
    communes: pd.DataFrame | None = None
    _found: list = field(default_factory=list, repr=False)

    def add(self, broken, column, rule, refused=True, remedy=None):
        """Note that the rows where `broken` (boolean, the rows' index) break `rule` in `column`.

        remedy: Series of texts to say instead of the rule's own remedy, where it is not null.
        """
        hit = self.rows.index[np.asarray(broken, dtype=bool)]
        if len(hit):
            reason, advice = RULES[rule]
            advices = (
                pd.Series(advice, index=hit, dtype=object) if remedy is None else remedy.reindex(hit).fillna(advice)
            )
            self._found.append(pd.DataFrame({
                "row": hit, "column": self.headers.get(column, column), "value": self.rows.loc[hit, column].str.slice(0, 200),
                "rule": rule, "refused": refused, "reason": reason, "remedy": advices,
            }))  # fmt: skip

    def table(self):
        columns = ["row", "column", "value", "rule", "refused", "reason", "remedy"]
        if not self._found:
            return pd.DataFrame(columns=columns)
        found = pd.concat(self._found, ignore_index=True)
        told = found["refused"] | found["row"].isin(self.rows.index[self.accepted()])
        return found[told].sort_values("row", kind="stable", ignore_index=True)

    def accepted(self):
        """Boolean Series over the rows: no rule refused it."""
        refused = [part["row"] for part in self._found if part["refused"].any()]
        return ~self.rows.index.to_series().isin(pd.concat(refused) if refused else [])


def require(findings, column):
    """Refuse rows where the column is empty; returns where it is not."""
    empty = findings.rows[column] == ""
    findings.add(empty, column, "missing")
    return ~empty


def unique(findings, columns, blamed):
    """Refuse rows that repeat an earlier row's values in `columns`, where these are filled."""
    rows = findings.rows[columns]
    findings.add(rows.duplicated() & (rows != "").all(axis=1), blamed, "duplicate")


def parse_days(findings, column, required=True):
    """The column as days (datetime64); refuses what is no real day and what lies in the future, where it was made."""
    text = findings.rows[column]
    if required:
        require(findings, column)
    days = pd.Series(pd.NaT, index=text.index, dtype="datetime64[s]")
    for form, shape in _DAY_FORMS.items():
        # pandas alone takes "today" for a day, and digits of other scripts
        shaped = text.where(text.str.fullmatch(shape))
        days = days.fillna(pd.to_datetime(shaped, format=form, errors="coerce").astype("datetime64[s]"))
    findings.add(days.isna() & (text != ""), column, "not_a_date")
    findings.add(days < _FIRST_DAY, column, "early_date")
    findings.add(days > pd.Timestamp(today()), column, "future_date")
    return days


def parse_counts(findings, column):
    """The column as Int64; refuses what is no whole number of 0 or more."""
    filled = require(findings, column)
    good = findings.rows[column].str.fullmatch(r"[0-9]{1,9}")
    findings.add(filled & ~good, column, "not_a_count")
    return pd.to_numeric(findings.rows[column].where(good)).astype("Int64")


def parse_numbers(findings, column):
    """The column as floats, NaN where empty or no number (a warning: a bad point costs the point, not the venue)."""
    text = findings.rows[column]
    numbers = pd.to_numeric(text, errors="coerce").astype(float)
    findings.add(numbers.isna() & (text != ""), column, "not_a_number", refused=False)
    return numbers


def match_communes(findings, vintages, units):
    """The commune code of each row, by code where one is given and else by names within the district; None if refused.

    vintages: Series, the vintage id in which each row speaks; units: vintage id -> code -> geo.units.Unit.
    Names beside a code must be the names of its commune. Names are matched once per distinct spelling.
    """
    rows = findings.rows
    columns = ["commune_code", "province", "district", "commune"]
    places = list(rows[columns].assign(vintage=vintages)[["vintage", *columns]].itertuples(index=False, name=None))
    matchers = {vintage: _matcher(of) for vintage, of in units.items()}
    matched = {place: matchers[place[0]](*place[1:]) for place in set(places)}
    results = pd.DataFrame(
        [matched[place] for place in places], columns=["code", "column", "rule", "near"], index=rows.index, dtype=object
    )
    for (column, rule), faults in results[results["rule"].notna()].groupby(["column", "rule"]):
        near = faults["near"].map(lambda names: "có phải: " + ", ".join(names) if names else None)
        findings.add(rows.index.isin(faults.index), column, rule, remedy=near)
    findings.communes = pd.DataFrame(
        {"vintage": vintages.where(results["code"].notna()), "commune_code": results["code"]}
    )
    return results["code"]


def find_numbers(vintages, codes, units):
    """The number of each row's commune (Int64), null where there is none; arguments as match_communes takes and gives."""
    numbers = [units[vintage][code].id if code else None for vintage, code in zip(vintages, codes, strict=True)]
    return pd.Series(numbers, index=codes.index, dtype="Int64")


def _matcher(units):
    """A function (code, province, district, commune as typed) -> (code or None, faulty column, rule, nearest names)."""
    children = {}
    for unit in units.values():
        children.setdefault((unit.parent_code, unit.level), {})[unit.code] = unit.name
    names = {parent: Names(of) for parent, of in children.items()}
    provinces = list(children[None, 1])
    districts = Names({code: unit.name for code, unit in units.items() if unit.level == 2})

    def step(among, typed, column):
        if not typed:
            return None, (column, "missing", ())
        found = among.match(typed)
        rule = "ambiguous_name" if found.ambiguous else f"unknown_{column}"
        return found.code, None if found.code else (column, rule, found.candidates)

    def match(code, province, district, commune):
        return match_code(code, province, district, commune) if code else match_names(province, district, commune)

    def match_code(code, province, district, commune):
        if code not in units or units[code].level != 3:
            return None, "commune_code", "unknown_code", ()
        above = [units[units[code].parent_code]]
        if above[0].level == 2:
            above.append(units[above[0].parent_code])
        typed = {3: commune, 2: district, 1: province}
        for unit in (units[code], *above):
            if typed[unit.level] and not Names({unit.code: unit.name}).match(typed[unit.level]).code:
                return None, "commune_code", "code_and_name_differ", tuple(each.name for each in (units[code], *above))
        return code, None, None, ()

    def match_names(province, district, commune):
        parent = provinces[0] if len(provinces) == 1 else None
        if province:
            parent, fault = step(names[None, 1], province, "province")
            if fault:
                return None, *fault
        # since 01/07/2025 communes stand right under their province, and no district is asked for
        if district or (parent, 3) not in names:
            among = districts if parent is None else names.get((parent, 2), Names({}))
            parent, fault = step(among, district, "district")
            if fault:
                return None, *fault
        code, fault = step(names.get((parent, 3), Names({})), commune, "commune")
        return (None, *fault) if fault else (code, None, None, ())

    return match
