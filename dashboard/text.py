"""Every word and number that a reader of the dashboard sees, in Vietnamese and in English."""

from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pandas as pd
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from geo.db import TIME_ZONE

LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}
_NBSP = "\u00a0"

TEXTS = {
    "vi": {
        "title": "Bản đồ phủ QR",
        "no_data": "chưa có số liệu",
        "too_few": "dưới {fewest} địa điểm, chưa đủ để so sánh",
        "banner_invented": "Số liệu mẫu: các địa điểm và lượt quét là giả định, không phải số liệu thật.",
        "banner_sketched": "Ranh giới chỉ là phác họa, không phải địa giới hành chính.",
        "province": "Tỉnh",
        "district": "Huyện, thị xã, thành phố",
        "whole_province": "Toàn tỉnh",
        "window": "Từ ngày – đến ngày",
        "group": "Nhóm phải tạo mã",
        "group_all": "Tất cả",
        "group_A": "A – cơ quan, đơn vị",
        "group_C": "C – cơ sở kinh doanh, dịch vụ",
        "language": "Ngôn ngữ",
        "indicator": "Chỉ tiêu trên bản đồ",
        "days": "{count} ngày",
        "as_of": "Số liệu cập nhật lúc {when}",
        "scans_short": "Lượt quét mới có đến ngày {day}; những ngày sau chưa có số liệu.",
        "creation_rate": "Tỷ lệ tạo mã",
        "creation_rate.of": "{numerator} đã tạo / {denominator} phải tạo",
        "creation_rate.definition": "Địa điểm thuộc diện phải tạo đã có mã QR tính đến hết ngày {last}, trên tổng số địa điểm phải tạo.",
        "activity_rate": "Tỷ lệ hoạt động",
        "activity_rate.of": "{numerator} hoạt động / {denominator} đã tạo",
        "activity_rate.definition": "Địa điểm có ít nhất một lượt quét từ {first} đến {last}, trên số địa điểm đã tạo mã đến hết ngày {last}.",
        "cohort_rate": "Tỷ lệ hoạt động điểm mới",
        "cohort_rate.of": "{numerator} hoạt động / {denominator} tạo mới",
        "cohort_rate.definition": "Trong số địa điểm tạo mã từ {first} đến {last}, tỷ lệ có ít nhất một lượt quét trong cùng thời gian.",
        "above_register": "Vượt diện phải tạo: số địa điểm đã tạo nhiều hơn diện phải tạo, cần rà soát danh sách.",
        "commune": "Xã, phường, thị trấn",
        "district_short": "Huyện",
        "obliged": "Phải tạo",
        "created_obliged": "Đã tạo (diện phải tạo)",
        "created": "Đã tạo",
        "new": "Tạo mới",
        "active": "Hoạt động",
        "cohort": "Mới và hoạt động",
        "never_scanned": "Chưa từng quét",
        "scans": "Lượt quét",
        "people": "Lượt người",
        "legend.below": "dưới {high}",
        "legend.between": "từ {low} đến dưới {high}",
        "legend.from": "từ {low}",
        "legend.rule": "Số bên phải là số đơn vị cấp xã.",
        "legend.outside": "ngoài địa bàn đang xem",
        "table": "Bảng theo xã ({count})",
        "export": "Tải bảng Excel",
        "choose_commune": "Bấm vào một xã trên bản đồ, hoặc chọn một dòng trong bảng, để xem chi tiết.",
        "close": "Đóng",
        "compared": "{unit}: {rate} ({numerator}/{denominator})",
        "source": "Ranh giới: {source}, có hiệu lực từ {valid_from}",
        "map.label": "Bản đồ các xã tô màu theo chỉ tiêu; bảng bên cạnh có cùng số liệu.",
        "map.loading": "Đang tải bản đồ…",
        "map.failed": "Không tải được ranh giới. Hãy tải lại trang.",
        "map.zoom_in": "Phóng to",
        "map.zoom_out": "Thu nhỏ",
        "error.database": "Không truy cập được cơ sở dữ liệu. Đề nghị báo người quản trị hệ thống.",
        "error.window": "Không tính được cho thời gian này vì địa giới hành chính đã thay đổi; hãy chọn thời gian khác.",
        "error.choice": "Có lựa chọn không hợp lệ (đơn vị, thời gian hoặc mục khác); hệ thống đã dùng giá trị mặc định.",
        "error.empty": "Chưa nạp ranh giới hành chính nên chưa có bản đồ.",
        "sheet.window": "Thời gian",
        "sheet.as_of": "Số liệu cập nhật lúc",
        "sheet.note": "Lưu ý",
        "sheet.group": "Nhóm",
        "sheet.total": "Cộng",
        "code": "Mã",
    },
    "en": {
        "title": "QR coverage map",
        "no_data": "no data",
        "too_few": "fewer than {fewest} venues, too few to compare",
        "banner_invented": "Sample: the venues and scans are invented, these are no real figures.",
        "banner_sketched": "The borders are sketches, not administrative boundaries.",
        "province": "Province",
        "district": "District",
        "whole_province": "Whole province",
        "window": "From – to",
        "group": "Obligation group",
        "group_all": "All",
        "group_A": "A – agencies",
        "group_C": "C – premises",
        "language": "Language",
        "indicator": "Indicator on the map",
        "days": "{count} days",
        "as_of": "Data last loaded {when}",
        "scans_short": "Scans are known until {day} only; there is no data for the days after it.",
        "creation_rate": "Creation rate",
        "creation_rate.of": "{numerator} created / {denominator} obliged",
        "creation_rate.definition": "Obliged venues with a QR code by the end of {last}, out of all obliged venues.",
        "activity_rate": "Activity rate",
        "activity_rate.of": "{numerator} active / {denominator} created",
        "activity_rate.definition": "Venues with one scan or more from {first} to {last}, out of the venues created by the end of {last}.",
        "cohort_rate": "Activity of new venues",
        "cohort_rate.of": "{numerator} active / {denominator} new",
        "cohort_rate.definition": "Of the venues created from {first} to {last}, those with one scan or more in the same days.",
        "above_register": "Above the register: more venues were created than are obliged; the lists need a check.",
        "commune": "Commune",
        "district_short": "District",
        "obliged": "Obliged",
        "created_obliged": "Created (obliged)",
        "created": "Created",
        "new": "New",
        "active": "Active",
        "cohort": "New and active",
        "never_scanned": "Never scanned",
        "scans": "Scans",
        "people": "People",
        "legend.below": "below {high}",
        "legend.between": "{low} to below {high}",
        "legend.from": "{low} and above",
        "legend.rule": "On the right, the number of communes.",
        "legend.outside": "outside the area shown",
        "table": "Communes ({count})",
        "export": "Download Excel",
        "choose_commune": "Click a commune on the map, or choose a row of the table, to see its details.",
        "close": "Close",
        "compared": "{unit}: {rate} ({numerator}/{denominator})",
        "source": "Boundaries: {source}, in force since {valid_from}",
        "map.label": "Map of communes coloured by the indicator; the table beside it has the same figures.",
        "map.loading": "Loading the map…",
        "map.failed": "The boundaries could not be loaded. Reload the page.",
        "map.zoom_in": "Zoom in",
        "map.zoom_out": "Zoom out",
        "error.database": "The database cannot be used. Tell the administrator.",
        "error.window": "This window cannot be counted, since the units have changed; choose another.",
        "error.choice": "A choice could not be used (unit, days or another) and its default stands in its place.",
        "error.empty": "No boundaries are loaded yet, so there is no map.",
        "sheet.window": "Window",
        "sheet.as_of": "Data last loaded",
        "sheet.note": "Note",
        "sheet.group": "Group",
        "sheet.total": "Total",
        "code": "Code",
    },
}


@lru_cache(maxsize=50_000)
def _decimal(number, pattern, language):
    """Kept, since babel takes 20 µs a number and a page writes thousands of the same ones at each rerun."""
    return format_decimal(number, format=pattern, locale=language)


class Text:
    """The words of one language; numbers and dates are written as it writes them."""

    def __init__(self, language):
        self.language = language
        self._texts = TEXTS[language]

    def __call__(self, key, **values):
        """The text of that key, its {names} filled in."""
        return self._texts[key].format(**values)

    def number(self, count):
        """1904 as 1.904; a null as a dash, the rate beside it says why."""
        return "–" if pd.isna(count) else _decimal(int(count), "#,##0", self.language)

    def percent(self, rate, decimals=1):
        """0.2994 as 29,9 %, the blank not breaking; a null as "no data"."""
        if pd.isna(rate):
            return self("no_data")
        pattern = "#,##0.0" if decimals else "#,##0"
        # 2.499 of 2.500 have not reached 100 %, which rounding would say
        shown = min(100 * float(rate), 99.9) if decimals and rate < 1 else 100 * float(rate)
        return _decimal(shown, pattern, self.language) + (f"{_NBSP}%" if self.language == "vi" else "%")

    def group(self, code):
        """The name of an obligation group; its code where it has none."""
        return self._texts.get(f"group_{code}", code)

    def day(self, day):
        """26/11/2021, in either language."""
        return format_date(day, "dd/MM/yyyy", locale=self.language)

    def moment(self, moment):
        """26/11/2021 14:05, Vietnamese time; a null as "no data"."""
        if moment is None:
            return self("no_data")
        return format_datetime(moment, "dd/MM/yyyy HH:mm", tzinfo=ZoneInfo(TIME_ZONE), locale=self.language)

    def window(self, window):
        """26/11/2021 – 08/12/2021 (13 ngày)."""
        count = (window.last - window.first) // timedelta(days=1) + 1
        return f"{self.day(window.first)} – {self.day(window.last)} ({self('days', count=count)})"

    def rate(self, row, rate, numerator, denominator):
        """The rate of a row with what it was divided from."""
        return self(f"{rate}.of", numerator=self.number(row[numerator]), denominator=self.number(row[denominator]))

    def definition(self, rate, window):
        """The definition of a rate, with its window's days."""
        return self(f"{rate}.definition", first=self.day(window.first), last=self.day(window.last))
