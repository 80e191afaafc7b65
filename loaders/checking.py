"""Rules over a column at a time; all that is wrong with a file is found before any of it is kept."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.db import today
from geo.errors import FileError
from loaders.codes import CodeTable
from loaders.personal import CODED, hide_persons
from loaders.values import cells_of, encode, parse_flags

# Rule -> what is wrong, and what to do about it, for the staff who mend the file.
RULES = {
    "missing": ("ô để trống", "điền giá trị"),
    "duplicate": ("đã có ở dòng trên trong cùng tệp", "giữ lại một dòng"),
    "not_a_date": ("không phải ngày có thật", "ghi ngày dạng 26/11/2021 hoặc 2021-11-26"),
    "month_first": ("cột ghi tháng trước ngày, không rõ ngày nào", "ghi ngày trước tháng: 26/11/2021"),
    "not_a_moment": ("không phải thời điểm có thật", "ghi dạng 26/11/2021 14:05"),
    "no_time": ("có ngày mà không có giờ", "ghi cả giờ: 26/11/2021 14:05"),
    "future_date": ("ngày ở tương lai", "sửa lại ngày"),
    "early_date": ("ngày trước năm 2020, khi chưa có mã QR", "sửa lại năm"),
    "closed_before_creation": ("ngày đóng trước ngày tạo", "kiểm tra hai ngày"),
    "unknown_solution": ("hình thức chưa biết", "ghi poster (mã QR dán) hoặc device (thiết bị quét)"),
    "not_a_count": ("không phải số đếm", "ghi số nguyên từ 0 trở lên"),
    "mixed_signs": (
        "cột khi dùng dấu chấm, khi dùng dấu phẩy, không rõ dấu nào tách hàng nghìn",
        "ghi số liền, không dấu: 1904",
    ),
    "not_a_number": ("không phải số", "ghi số thập phân với dấu chấm"),
    "not_an_hour": ("không phải giờ trong ngày", "ghi giờ từ 0 đến 23"),
    "venues_above_scans": ("số địa điểm có quét nhiều hơn số lượt quét", "kiểm tra xem hai cột có bị đổi chỗ"),
    "people_above_scans": ("số người nhiều hơn số lượt quét", "kiểm tra xem hai cột có bị đổi chỗ"),
    "above_capacity": (
        "nhiều hơn mức một địa điểm quét được, cứ hai giây một lượt không nghỉ",
        "kiểm tra xem có thừa chữ số",
    ),
    "outlier": ("cao khác thường so với các số khác của tệp", "kiểm tra xem có thừa chữ số"),
    "hours_above_day": ("các giờ cộng lại nhiều lượt quét hơn cả ngày", "đối chiếu tệp theo giờ với tệp theo ngày"),
    "above_created": (
        "số địa điểm có quét nhiều hơn số địa điểm của xã đã tạo mã đến ngày đó",
        "nạp danh sách địa điểm mới, hoặc sửa số",
    ),
    "above_total": ("nhiều hơn số lũy kế", "kiểm tra xem hai cột có bị đổi chỗ"),
    "total_falls": ("số lũy kế thấp hơn của một ngày trước", "kiểm tra số lũy kế của hai ngày"),
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
    "code_of_other_vintage": ("mã này là của xã khác trong bộ địa giới khác", "ghi mã theo bộ địa giới của ngày đó"),
    "reused_code": ("mã này từng là hoặc sẽ là mã của xã khác", "ghi thêm tên xã để chắc chắn"),
    "official_name": ("tên này đã là tên chính thức của một xã trong huyện", "bỏ dòng này"),
    "old_name": ("tên cũ của xã đã sáp nhập", "ghi tên mới"),
    "code_and_name_differ": ("mã xã và tên không cùng chỉ một xã", "sửa mã hoặc tên, hay để trống một trong hai"),
    "ambiguous_name": ("tên có thể chỉ nhiều đơn vị", "ghi đủ xã, phường hay thị trấn, hoặc dùng mã"),
    "unknown_kind": ("loại hình chưa biết, xếp vào Khác", "chọn một loại hình trong danh mục"),
    "unknown_class": ("không phải F0 hoặc F1", "ghi F0 hoặc F1"),
    "unknown_source": ("nguồn chưa biết", "ghi declared (khai báo) hoặc scanned (quét mã)"),
    "unknown_outcome": ("kết quả chưa biết", "ghi đạt, nhắc nhở, đề nghị tạm dừng hoặc đề nghị xử phạt"),
    "not_a_flag": ("không phải có hoặc không", "ghi có hoặc không"),
    "left_before_arrived": ("rời đi trước khi đến", "kiểm tra hai thời điểm"),
    "past_retention": ("lượt đến đã quá hạn lưu, số liệu của ngày này đã xóa", "bỏ dòng này"),
    "venue_elsewhere": ("xã ghi bên cạnh không phải xã của địa điểm mang mã này", "sửa mã địa điểm, hoặc sửa xã"),
    "nowhere": ("không có mã địa điểm, cũng không có nơi đến", "ghi mã địa điểm, hoặc xã cùng nơi đến"),
    "scanned_above_head_count": ("số người được quét nhiều hơn số người vào", "kiểm tra xem hai cột có bị đổi chỗ"),
    "households_above_population": ("số hộ nhiều hơn dân số", "kiểm tra xem hai cột có bị đổi chỗ"),
    "outside_scope": ("xã ngoài phạm vi của tài khoản", "nhờ tài khoản của đơn vị đó nạp"),
    "unknown_group": ("nhóm đối tượng chưa biết", "ghi một nhóm trong danh mục"),
    "bad_code": ("mã không đúng dạng: tỉnh 2, huyện 3, xã 5 chữ số", "sửa mã, giữ số 0 ở đầu"),
    "two_parents": ("một mã mang hai tên hoặc hai cấp trên khác nhau", "sửa cho thống nhất"),
    "not_a_polygon": ("không có vùng nào", "vẽ lại ranh giới của xã"),
    "not_in_country": ("vùng nằm ngoài Việt Nam", "kiểm tra hệ tọa độ của tệp"),
    "other_kind": ("tên khớp, nhưng loại đơn vị (xã, phường, thị trấn) khác", "kiểm tra loại đơn vị"),
    "other_district": ("tên khớp ở huyện khác trong tỉnh", "kiểm tra tên huyện"),
    "other_code": ("tên và mã chỉ hai đơn vị; lấy theo tên", "kiểm tra mã"),
    "other_spelling": ("tên viết khác, nhưng mã khớp", "kiểm tra tên"),
    "by_exclusion": ("tên không khớp; ghép với đơn vị duy nhất còn lại của huyện", "kiểm tra tên"),
    "district_by_codes": ("tên huyện viết khác danh mục; lấy huyện theo mã các xã", "kiểm tra tên huyện"),
    "split_unit": (
        "đơn vị bị chia cho nhiều đơn vị mới, mà bản đồ không có đường chia",
        "ghi cột share vào bảng đối chiếu",
    ),
    "missing_part": ("xã mới thiếu vùng của đơn vị cũ", "bổ sung đơn vị cũ vào bản đồ"),
    "unknown_vintage": ("chưa nạp bộ địa giới của ngày này", "nạp bộ địa giới trước, hoặc sửa ngày"),
    "not_earlier": ("bộ địa giới cũ không trước bộ mới", "đổi chỗ hai ngày"),
    "still_there": ("đơn vị này vẫn còn trong bộ địa giới mới", "dùng bảng đối chiếu đúng ngày của bộ địa giới"),
    "bad_share": ("không phải tỷ lệ trên 0 đến 1", "ghi số thập phân như 0.35"),
    "share_sum": ("các tỷ lệ của một đơn vị cũ không cộng thành 1", "sửa cho bằng 1"),
    "no_overlap": ("hai đơn vị không chung vùng nào trên bản đồ", "bỏ dòng này, hoặc dùng bảng đúng ngày"),
    "part_refused": ("một dòng khác của đơn vị cũ này bị từ chối", "sửa dòng kia rồi nạp lại"),
    "repaired": ("vòng ranh giới tự cắt, đã sửa", "vẽ lại ranh giới"),
    "repair_too_large": ("vòng ranh giới tự cắt, sửa thì diện tích đổi quá 1 %", "vẽ lại ranh giới"),
    "duplicate_polygon": ("quá nửa vùng nằm trong vùng của xã khác", "giữ lại một trong hai vùng"),
    "overlap": ("chồng lên xã bên cạnh", "khớp lại ranh giới chung"),
    "gap": ("có kẽ hở với xã bên cạnh", "khớp lại ranh giới chung"),
    "hole": ("cạnh một khoảng trống không thuộc xã nào", "kiểm tra xem là hồ, hay thiếu một xã"),
    "border_moved": ("làm khớp ranh giới khiến diện tích đổi", "kiểm tra ranh giới"),
    "other_count": ("số xã của huyện khác danh mục", "kiểm tra tệp"),
    "unknown_province_code": ("không rõ mã hoặc tên tỉnh", "ghi đủ mã và tên tỉnh, hoặc tên có trong danh mục"),
    "uneven_border": ("ranh giới không khớp với xã bên cạnh", "khớp lại ranh giới chung của hai xã"),
    "half_point": ("chỉ có một nửa tọa độ, bỏ tọa độ", "ghi đủ kinh độ và vĩ độ"),
    "null_island": ("tọa độ 0, 0, bỏ tọa độ", "xóa hoặc ghi lại tọa độ"),
    "swapped_point": ("kinh độ và vĩ độ bị đổi chỗ, đã đổi lại", "sửa trong tệp gốc"),
    "outside_country": ("tọa độ ngoài Việt Nam, bỏ tọa độ", "ghi lại tọa độ"),
    "outside_commune": ("tọa độ ngoài xã đã khai, giữ lại", "kiểm tra xã hoặc tọa độ"),
}
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
