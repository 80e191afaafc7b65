"""The weekly report as a letter and an appendix: opened again as an office opens them, and held against the figures."""

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime

import pandas as pd
import pytest
from docx import Document
from docx.shared import Pt
from python_calamine import CalamineWorkbook

from dashboard.report_files import make_files
from dashboard.report_letter import write_letter
from dashboard.report_sheet import write_sheet
from dashboard.text import Text, printable
from geo import db
from geo.accounts import operator_scope
from geo.campaign import Campaign
from geo.coverage import Window
from geo.plans import Progress
from geo.scope import Scope
from geo.weekly import compare_figures, find_figures, read_report
from loaders.demo import load_sample

VI = Text("vi")
WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
ON = date(2021, 12, 9)
NINE = ["Quang Vĩnh", "Tùng Châu", "Trường Sơn", "Yên Hồ", "Bùi La Nhân", "Thanh Bình Thịnh", "Đức Đồng", "Đức Lạng", "Tân Hương"]
PICTURES = {"map": None, "days": None}
NASTY = '=HYPERLINK("//x";"y")\x01\x0b\ufffe {name} <w:p/> &'
CLEAN = '=HYPERLINK("//x";"y") {name} <w:p/> &'


@pytest.fixture(scope="module")
def sample(database):
    load_sample()
    return database


@pytest.fixture(scope="module")
def weekly(sample):
    """A function that reads the report of a unit."""

    def read(unit="440", cases=False, window=WINDOW):
        with db.reading(Scope("leader", operator_scope().units), cases=cases) as connection:
            return read_report(connection, unit, window, ON, cases)

    return read


@pytest.fixture(scope="module")
def district(weekly):
    return weekly()


def opened(weekly, difficulties=None, proposals=None, text=VI):
    return Document(io.BytesIO(write_letter(weekly, PICTURES, difficulties, proposals, text)))


def words(document):
    """All its texts, blanks that do not break as plain ones."""
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(line.text for line in document.paragraphs), *cells]).replace("\u00a0", " ")


def headings(document):
    return [line.text for line in document.paragraphs if line.style.name == "Heading 1"]


def sheets(weekly):
    book = CalamineWorkbook.from_filelike(io.BytesIO(write_sheet(weekly, VI)))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def test_the_letters_sentence_and_its_nine_communes(district):
    said = words(opened(district))
    assert (
        "Từ ngày 26/11/2021 đến ngày 08/12/2021 (13 ngày), trên địa bàn huyện Đức Thọ có 1.904 địa điểm tạo mới, trong đó có 570 điểm hoạt động "
        "(đạt 29,9 %)." in said
    )
    sentence = next(line for line in said.splitlines() if line.startswith("Các xã có kết quả tạo mã và hoạt động thấp"))
    assert sentence == f"Các xã có kết quả tạo mã và hoạt động thấp so với mức chung của huyện Đức Thọ: {', '.join(NINE)}."
    (table,) = [table for table in opened(district).tables if table.cell(0, 0).text == "TT"]
    told = {row.cells[1].text.removeprefix("Xã "): row.cells[2].text for row in table.rows[1:]}
    assert set(told) == set(NINE) and all("thấp hơn mức 61,0\u00a0% của huyện Đức Thọ" in reason for reason in told.values())


def test_the_form_of_an_official_letter(district):
    document = opened(district)
    head, foot = document.tables[0], document.tables[-1]
    assert [cell.text.splitlines()[0] for cell in head.rows[0].cells] == ["UBND HUYỆN ĐỨC THỌ", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"]
    assert head.cell(0, 1).text.splitlines()[1] == "Độc lập - Tự do - Hạnh phúc"
    assert head.cell(0, 1).text.splitlines()[-1] == "Đức Thọ, ngày 09 tháng 12 năm 2021"
    assert head.cell(0, 0).text.splitlines()[-1] == "Số: ……/BC-……"
    assert foot.cell(0, 0).text.startswith("Nơi nhận:\n- Như trên;") and "chữ ký" in foot.cell(0, 1).text
    lines = [line.text for line in document.paragraphs]
    assert lines[0] == "BÁO CÁO" and "Kính gửi:" in lines
    assert "- Sở Thông tin và Truyền thông tỉnh Hà Tĩnh." in lines
    section = document.sections[0]
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    for margin, low, high in (("top_margin", 2, 2.5), ("bottom_margin", 2, 2.5), ("left_margin", 3, 3.5), ("right_margin", 1.5, 2)):
        assert low <= round(getattr(section, margin).cm, 2) <= high, margin
    style = document.styles["Normal"]
    assert (style.font.name, style.font.size) == ("Times New Roman", Pt(14))
    with zipfile.ZipFile(io.BytesIO(write_letter(district, PICTURES, None, None, VI))) as parts:
        fonts = parts.read("word/styles.xml").decode()
    assert 'w:eastAsia="Times New Roman"' in fonts and "PAGE" in section.header._element.xml


@pytest.mark.parametrize(("on", "said"), [(date(2022, 1, 6), "ngày 06 tháng 01 năm 2022"), (date(2022, 3, 10), "ngày 10 tháng 3 năm 2022")])
def test_days_and_first_months_have_a_zero(district, on, said):
    assert said in words(opened(replace(district, on=on)))


def test_sections_without_cases_for_who_sees_none_and_with_them(district, weekly):
    seven = ["Kết quả so với kỳ trước", "Thời hạn tạo mã", "Các xã chậm và lý do", "Theo ngành", "Kiểm tra", "Chất lượng số liệu",
             "Khó khăn, vướng mắc", "Đề xuất, kiến nghị"]  # fmt: skip
    assert headings(opened(district)) == [f"{place}. {name}" for place, name in enumerate(seven, start=1)]
    said = words(opened(district))
    assert not any(word in said for word in ("F0", "ca bệnh:", "Điểm nóng", "I11", "I12"))
    with_cases = opened(weekly(cases=True))
    assert headings(with_cases)[3] == "4. Điểm nóng và khoảng trống truy vết" and len(headings(with_cases)) == 9
    said = words(with_cases)
    assert "Trong 49 lượt F0, F1 khai báo" in said and "có 41 lượt hệ thống không có lượt quét tương ứng (83,7 %" in said
    assert "chỉ cung cấp cho người có thẩm quyền" in said and "I12: số ca F0" in said


def test_what_is_invented_says_so_and_every_figure_has_its_definition(district):
    said = words(opened(district))
    assert said.count(VI("banner_invented")) == 2 and "Ranh giới chỉ là phác họa" not in said  # which no map shows here
    assert "Địa điểm có ít nhất một lượt quét từ 26/11/2021 đến 08/12/2021, trên số địa điểm đã tạo mã đến hết ngày 08/12/2021." in said
    assert "634/2.123" in said and "2.123/3.483" in said and "570/1.904" in said
    assert VI("banner_invented") in str(sheets(district))


def test_changes_on_the_window_before_with_their_signs(district):
    (table,) = [table for table in opened(district).tables if table.cell(0, 0).text == "Chỉ tiêu"]
    rows = {row.cells[0].text: [cell.text.replace("\u00a0", " ") for cell in row.cells[1:]] for row in table.rows}
    assert rows["Địa điểm tạo mới trong kỳ (I2)"] == ["1.904", "71", "+1.833"]
    assert rows["Tỷ lệ hoạt động (I4)"] == ["29,9 % (634/2.123)", "31,1 % (68/219)", "–1,2 điểm %"]
    assert rows["Xã không có lượt quét trong kỳ (I6)"] == ["0", "0", "0"]


def test_no_data_is_not_zero(weekly, district):
    later = weekly(window=Window(date(2021, 12, 20), date(2021, 12, 26)))
    said = words(opened(replace(later, on=date(2021, 12, 30))))
    assert "không có địa điểm nào tạo mới" in said and "Trong kỳ chưa có kết quả kiểm tra nào được báo cáo (chưa có số liệu)." in said
    coverage = district.now
    unknown = coverage.total.copy()
    unknown[["new", "cohort", "cohort_rate", "active", "activity_rate", "creation_rate", "scans"]] = pd.NA
    change = replace(district.change, now=replace(coverage, total=unknown), before=None, total=district.change.total.map(lambda _: pd.NA))
    days = district.days.assign(active=pd.array([pd.NA] * len(district.days), "Int64"))
    empty = replace(district, change=change, days=days, clocks=[])
    said = words(opened(empty))
    assert "chưa có số liệu về địa điểm tạo mới" in said and "có 0 địa điểm" not in said
    assert "chưa có danh sách phải tạo nên chưa có số liệu" in said and "chưa có số liệu lượt quét trong kỳ" in said
    assert "Chưa có thời hạn nào" in said and "kỳ trước thuộc bộ địa giới khác" in said
    rows = {row[0]: row[1:4] for row in sheets(empty)["Tổng hợp"]}
    assert rows["Lượt quét (I7)"] == ["", "", ""]


def test_communes_that_cannot_be_judged_are_not_said_to_be_fine(district):
    rows = district.lagging.rows

    def said(creation, activity):
        told = replace(district.lagging, rows=rows.assign(creation=creation, activity=activity))
        return words(opened(replace(district, lagging=told)))

    assert "16 xã chưa đủ 10 địa điểm" in said("too few", "too few") and "không có xã nào chậm" not in said("too few", pd.NA)
    assert "Chưa có số liệu để so sánh các xã." in said(pd.NA, pd.NA)
    fine = said("ok", "too few")
    assert "không có xã nào chậm hơn mức chung của cấp trên" in fine and "chưa đủ 10" not in fine
    assert "Cần theo dõi, chưa đủ căn cứ để xếp là chậm: thị trấn Đức Thọ, Quang Vĩnh" in said("watch", "ok")
    assert "Các xã chỉ chậm về hoạt động so với mức chung của huyện Đức Thọ: thị trấn Đức Thọ" in said("ok", "lagging")


def test_the_words_of_the_office_or_lines_to_fill(district):
    document = opened(district, "Thiếu thiết bị.\nMất mạng ở 3 xã.", None)
    lines = [line.text for line in document.paragraphs]
    at = lines.index("7. Khó khăn, vướng mắc")
    assert lines[at + 1 : at + 3] == ["Thiếu thiết bị.", "Mất mạng ở 3 xã."]
    at = lines.index("8. Đề xuất, kiến nghị")
    assert set(lines[at + 1]) == {"…"}


def test_inspections_with_their_shares(district):
    found = {"inspections": 12, "venues": 11, "passed": 8, "reminded": 2, "suspend": 1, "sanction": 1, "looked_at": 10, "posted": 9,
             "posted_rate": 0.75, "head_count": 200, "scanned": 150, "scanned_rate": 0.75, "scanned_low": 0.686, "scanned_high": 0.805}  # fmt: skip
    said = words(opened(replace(district, inspections=found)))
    assert "đã kiểm tra 12 lượt tại 11 địa điểm: đạt 8, nhắc nhở 2, đề nghị tạm dừng 1, đề nghị xử phạt 1." in said
    assert "(I8): 9/12 lượt kiểm tra (75,0 %)." in said and "(I9): 150/200 người khi đoàn đếm (75,0 %; khoảng tin cậy 95 %: 68,6 % – 80,5 %)." in said
    none = found | {"looked_at": 0, "posted_rate": None, "scanned_rate": None}
    assert "(I8): chưa có số liệu." in words(opened(replace(district, inspections=none)))


def test_a_campaign_has_its_plan_as_denominator_and_none_is_said_to_be_so(district):
    counts = {"planned": 5, "inspected": 3, "passed": 1, "reminded": 1, "suspend": 1, "sanction": 0, "posted": 2, "not_looked": 0, "head_count": 80,
              "scanned": 45, "rate": 0.6, "posted_rate": 2 / 3, "scanned_rate": 0.5625, "scanned_low": 0.453, "scanned_high": 0.666}  # fmt: skip
    campaign = Campaign(9, "Tuần cao điểm", "42", None, date(2021, 12, 6), date(2021, 12, 13), True, None, None)
    rows = pd.DataFrame([{"code": "18235", "name": "Xã Quang Vĩnh", **counts}, {"code": "18280", "name": "Xã Hòa Lạc", **counts, "rate": None},
                         {"code": "18229", "name": "Thị trấn Đức Thọ", **dict.fromkeys(counts, pd.NA)}])  # fmt: skip
    found = Progress(district.unit, campaign, district.vintage, date(2021, 12, 8), rows, pd.Series(counts, dtype=object))
    document = opened(replace(district, plans=[found]))
    assert (
        "Tuần cao điểm (báo cáo trước ngày 13/12/2021): đến hết ngày 08/12/2021 đã kiểm tra 3/5 địa điểm theo kế hoạch (I13: 60,0 %); đạt 1, nhắc nhở "
        "1, đề nghị tạm dừng 1, đề nghị xử phạt 0." in words(document)
    )
    told = [[cell.text.replace("\u00a0", " ") for cell in row.cells] for table in document.tables for row in table.rows]
    assert ["Xã Quang Vĩnh", "5", "3", "60,0 %", "1", "1", "0"] in told and not any(row[0] == "Thị trấn Đức Thọ" and row[1] == "–" for row in told)
    assert "Tiến độ theo kế hoạch (I13): chưa có kế hoạch kiểm tra trong kỳ nên chưa có số liệu." in words(opened(district))


def test_a_province_names_its_districts_and_groups_communes_by_them(weekly):
    document = opened(weekly("42"))
    said = words(document)
    assert "Kính gửi: Ủy ban nhân dân tỉnh Hà Tĩnh." in said and "Các huyện chậm so với mức chung của tỉnh: huyện " in said
    assert f"huyện Đức Thọ ({', '.join(NINE)})" in said


def test_the_letter_in_english_has_the_same_sections(district):
    assert len(headings(opened(district, text=Text("en")))) == 8


def test_numbers_are_numbers_percents_percents_and_days_days(district):
    found = sheets(district)
    assert list(found) == ["Tổng hợp", "Theo xã", "Theo ngày", "Theo ngành", "Định nghĩa"]
    rows = {row[0]: row[1:4] for row in found["Tổng hợp"]}
    assert rows["Địa điểm tạo mới trong kỳ (I2)"] == [1904, 71, 1833]
    assert rows["Tỷ lệ hoạt động của điểm mới (I4c)"][0] == pytest.approx(570 / 1904)
    head = next(row for row in found["Theo xã"] if row[0] == "Mã")
    communes = {row[0]: dict(zip(head, row, strict=True)) for row in found["Theo xã"] if str(row[0]).startswith("18")}
    assert len(communes) == 16 and communes["18235"]["Xã, phường, thị trấn"] == "Xã Quang Vĩnh"
    assert communes["18235"]["Hoạt động"] == 12 and communes["18235"]["Tỷ lệ hoạt động"] == pytest.approx(12 / 99)
    assert communes["18235"]["Kết luận về hoạt động"] == "chậm" and "thấp hơn mức 29,9" in communes["18235"]["Lý do"]
    days = [row for row in found["Theo ngày"] if isinstance(row[0], date)]
    assert len(days) == 13 and days[0][0] == date(2021, 11, 26) and sum(row[2] for row in days) == 1904
    with zipfile.ZipFile(io.BytesIO(write_sheet(district, VI))) as book:
        assert "0.0%" in book.read("xl/styles.xml").decode() and "dd/mm/yyyy" in book.read("xl/styles.xml").decode()


def test_names_from_files_stay_text_in_both(district):
    rows, told = district.now.rows.copy(), district.lagging.rows.copy()
    rows.loc[rows["code"] == "18235", "name"] = NASTY
    told.loc["18235", "name"] = NASTY
    change = replace(district.change, now=replace(district.now, rows=rows))
    nasty = replace(district, change=change, lagging=replace(district.lagging, rows=told, coverage=change.now))
    assert CLEAN in words(opened(nasty)) and "//x" in words(opened(nasty, f"{NASTY}", NASTY))
    content = write_sheet(nasty, VI)
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        told = "".join(book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/"))
    assert "<f>" not in told and "yperlink" not in told
    assert any(row[1] == CLEAN for row in sheets(nasty)["Theo xã"])
    assert printable("a\x07b\tc\ud800") == "ab\tc"


@pytest.mark.parametrize("cases", [False, True])
def test_the_same_data_give_the_same_bytes(weekly, cases, monkeypatch):
    import time

    made = []
    for moment in (1.6e9, 1.8e9):
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        found = weekly(cases=cases)
        with db.reading(Scope("leader", operator_scope().units), cases=cases) as connection:
            made.append(make_files(connection, found, "Khó", None, VI))
    assert made[0] == made[1] and len(made[0]) == 2
    letter = Document(io.BytesIO(made[0]["bao-cao_440_2021-11-26_2021-12-08.docx"]))
    assert letter.core_properties.created.replace(tzinfo=None) == datetime(2021, 12, 9), "seven in the morning, Vietnamese time"
    assert letter.core_properties.modified == letter.core_properties.created and letter.core_properties.author == ""
    assert len(letter.inline_shapes) == 2 and all(abs(shape.width.cm - 16) < 0.1 for shape in letter.inline_shapes)
    for content in made[0].values():
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            assert {entry.date_time[0] for entry in parts.infolist()} == {1980}
            assert not any(b"202" + year in parts.read("docProps/core.xml") for year in (b"0", b"2", b"3", b"4", b"5", b"6", b"7"))


def test_figures_are_compared_by_their_paths(weekly):
    figures = find_figures(weekly(cases=True))
    assert figures["unit"]["new"] == 1904 and figures["communes"]["18235"]["active"] == 12 and figures["gap"]["declared"] == 49
    assert compare_figures(figures, figures).empty
    changed = {**figures, "unit": {**figures["unit"], "active": 700, "people": None}, "verdicts": {}}
    rows = compare_figures(figures, changed).set_index("figure")
    assert rows.loc["unit/active"].tolist() == [634, 700, 66] and rows.loc["unit/people", "difference"] is None
    assert rows.loc["verdicts/18235/activity"].tolist() == ["lagging", None, None] and "unit/new" not in rows.index
