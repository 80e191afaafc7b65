"""The static page of a day: its figures by hand, what it holds and what it never holds, and whose it is."""

import re
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa

from dashboard.day_page import PATH
from geo import db
from geo.audit import Actor
from geo.scope import ROLES, Scope
from loaders.venues import load_venues
from loaders.visits import load_visits

DAY = "day=2021-12-08"
NASTY = "<img src=x onerror=alert(1)> {{7*7}} </style></svg><script>"
VISITS = "case_code,case_class,venue_code,arrived_at,source\nCA-1,F0,V1,2021-12-08 09:00,declared\nCA-2,F0,V1,2021-12-08 10:00,declared\n"


@pytest.fixture
def reader(small_province):
    """A function that gives the Actor of a role for some units."""
    return lambda *codes, role="leader": Actor(role, Scope(role, tuple((1, code) for code in codes)), "127.0.0.1")


@pytest.fixture
def shown(ask):
    """A function that gives the page of an address as a text, blanks as blanks."""

    def shown(query, who=None):
        status, headers, body = ask(f"{PATH}?{query}", who)
        assert (status, headers["content-type"], headers["cache-control"]) == (200, "text/html; charset=utf-8", "no-store")
        return body.decode().replace("\u00a0", " ")

    return shown


def events(count):
    with db.engine().connect() as connection:
        found = connection.execute(sa.text("SELECT account, event, detail, address FROM audit ORDER BY id DESC LIMIT :count"), {"count": count})
        return [tuple(row) for row in found][::-1]


class Tags(HTMLParser):
    """What elements a page has, that each is closed, and what leads out of it."""

    VOID = {"meta", "link", "input", "path", "rect", "circle"}

    def __init__(self, page):
        super().__init__()
        self.open, self.names, self.outward = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        told = dict(attrs)
        self.outward += [(tag, told[name]) for name in ("src", "href", "action", "srcset", "data") if name in told]
        assert not any(name.startswith("on") for name in told)

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)

    def handle_endtag(self, tag):
        assert tag in self.VOID or self.open.pop() == tag


def test_figures_stand_with_definition_window_and_fraction_beside_the_week_before(shown):
    page = shown(f"unit=440&{DAY}")
    assert "<h1>Tình hình ngày 08/12/2021</h1><h2>Huyện Đức Thọ</h2>" in page
    assert "Số liệu 7 ngày: 02/12/2021 – 08/12/2021 (7 ngày)" in page
    # V2 of nine; in the seven days before, four of seven
    assert "1 hoạt động / 9 đã tạo" in page and "11,1 %" in page
    assert "giảm 46,0 điểm %</b> Kỳ trước (25/11/2021 – 01/12/2021): 57,1 % (4/7)" in page
    assert "8 đã tạo / 8 phải tạo" in page
    assert "Địa điểm có ít nhất một lượt quét từ 02/12/2021 đến 08/12/2021, trên số địa điểm đã tạo mã đến hết ngày 08/12/2021." in page
    assert "1/9 địa điểm đã tạo mã" in page, "I4d of the day"
    assert "<td>08/12/2021</td><td>1" in page and "<td>7" in page
    assert "trước ngày 15/11/2021" in page, "the deadlines of the province"


def test_a_day_without_data_has_a_dash_and_no_nought(shown):
    page = shown("unit=440&day=2021-12-20")
    assert "Lượt quét mới có đến ngày 09/12/2021" in page
    assert "<td>20/12/2021</td><td>–<small>" in page
    assert "chưa có số liệu" in page


def test_the_map_is_drawn_with_a_class_a_mark_and_a_title_for_each_commune(shown):
    page = shown(f"unit=42&{DAY}")
    drawing = re.search("<svg.*?</svg>", page)[0]
    assert re.findall("<title>(.*?):", drawing) == ["Thị trấn Đức Thọ", "Xã Quang Vĩnh", "Xã Hòa Lạc", "Phường Kỳ Trinh", "Xã Kỳ Lợi"]
    assert "Xã Hòa Lạc: chưa có số liệu" in drawing and drawing.count('fill="url(#phuqr-none)"') == 2 and drawing.count('fill="url(#phuqr-few)"') == 3
    assert re.findall("<text[^>]*>(.*?)</text>", drawing) == ["Đức Thọ", "Kỳ Anh"], "districts are named on a map of the province"
    assert re.findall("<text[^>]*>(.*?)</text>", re.search("<svg.*?</svg>", shown(f"unit=440&{DAY}"))[0]) == ["Đức Thọ", "Quang Vĩnh", "Hòa Lạc"]
    first = re.search('<path d="M(-?[0-9]+) (-?[0-9]+)l', drawing)
    assert all(-1 <= int(place) <= 2001 for place in first.groups())
    assert "Số bên phải là số đơn vị cấp xã." in page and "dưới 10 địa điểm, chưa đủ để so sánh" in page


@pytest.mark.parametrize("query", [f"unit=42&{DAY}", f"unit=440&{DAY}&lang=en", f"unit=440&{DAY}&save=1"])
def test_the_page_is_one_file_without_a_script_that_asks_for_nothing(shown, query):
    page = shown(query)
    found = Tags(page)
    assert not found.open and not {"script", "img", "iframe", "object", "embed", "base"} & set(found.names)
    assert not re.search(r"https?:|url\((?!#)|@import|@font-face", page)
    assert "default-src 'none'" in page
    leading = {tag for tag, _ in found.outward} - {"link"}
    assert leading == (set() if "save" in query else {"form", "a"})
    assert all(address.startswith(("/day.html", "/?", "/sign-out")) for tag, address in found.outward if tag != "link")


def test_a_file_to_keep_is_handed_over_as_one(ask):
    assert ask(f"{PATH}?unit=440&{DAY}&save=1")[1]["content-disposition"] == 'attachment; filename="phu-qr_ngay_440_2021-12-08.html"'
    assert "content-disposition" not in ask(f"{PATH}?unit=440&{DAY}")[1]


def test_each_page_is_on_record_as_other_downloads_are(shown, reader):
    shown(f"unit=440&{DAY}", reader("440", role="district"))
    assert events(1) == [("district", "download", "phu-qr_ngay_440_2021-12-08.html", "127.0.0.1")]


@pytest.mark.parametrize("role", ROLES)
def test_cases_are_shown_to_who_may_see_them_and_on_record_before(shown, reader, role, tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text(VISITS, encoding="utf-8")
    load_visits(path)
    page = shown(f"unit=440&{DAY}", reader("440", role=role))
    if role in ("leader", "health"):
        assert "chỉ cung cấp cho người có thẩm quyền xem" in page and "<h4>Trụ sở" in page and "2 ca F0" in page
        assert [event[1:3] for event in events(2)] == [
            ("case_view", "day of 440, 2021-12-08"), ("download", "phu-qr_ngay_440_2021-12-08.html"),
        ]  # fmt: skip
    else:
        assert not re.search("F0|Điểm nóng|Trụ sở", page)
        assert events(1)[0][1] == "download"


def test_a_unit_out_of_scope_is_one_that_does_not_exist(ask, reader):
    district, commune = reader("440", role="district"), reader("18235", role="commune")
    told = [ask(f"{PATH}?unit={unit}&{DAY}", district)[::2] for unit in ("449", "42", "18754", "18235", "999", "all", "'")]
    assert all(answer == told[0] for answer in told) and told[0][0] == 404
    page = ask(f"{PATH}?unit=440&{DAY}", district)[2].decode()
    assert "Kỳ Trinh" not in page and "Kỳ Anh" not in page
    own = ask(f"{PATH}?{DAY}", commune)
    assert own[0] == 200 and "Xã Quang Vĩnh" in own[2].decode() and "Hòa Lạc" not in own[2].decode()
    assert ask(f"{PATH}?unit=440&{DAY}", commune)[0] == 404


@pytest.mark.parametrize("query", ["day=x", "day=2021-13-01", "day=1999-01-01", "day=2101-01-01", "day=2021-12-08&unit="])
def test_an_address_of_nonsense_is_not_found_or_falls_back(ask, query):
    assert ask(f"{PATH}?{query}")[0] == (200 if query.endswith("unit=") else 404)


def test_without_a_unit_and_a_day_it_is_the_last_day_of_all_there_is(shown, reader):
    assert "<h1>Tình hình ngày 09/12/2021</h1><h2>Tỉnh Hà Tĩnh</h2>" in shown("", reader("42"))


def test_another_unit_and_day_are_chosen_without_a_script(shown, reader):
    page = shown(f"unit=440&{DAY}", reader("42"))
    assert '<select name="unit">' in page and re.findall('<option value="([0-9]+)"', page) == ["42", "440", "449"]
    assert '<option value="440" selected>' in page and '<input type="date" name="day" value="2021-12-08" required>' in page


def test_english_by_choice(shown):
    page = shown(f"unit=440&{DAY}&lang=en")
    assert '<html lang="en">' in page and "The day 08/12/2021" in page and "11.1%" in page


def test_names_of_files_are_texts(small_province, shown, tmp_path):
    path = tmp_path / "venues.csv"
    path.write_text(f"venue_code,name,kind,commune_code,created_on\nV1,{NASTY},Trụ sở làm việc,18229,2021-11-20\n", encoding="utf-8")
    load_venues(path)
    with db.engine().begin() as connection:
        connection.execute(sa.text("UPDATE admin_unit SET name = :name WHERE code IN ('18235', '440')"), {"name": NASTY})
    db.close()  # units are kept with a connection
    try:
        (tmp_path / "visits.csv").write_text(VISITS, encoding="utf-8")
        load_visits(tmp_path / "visits.csv")
        page = shown(f"unit=440&{DAY}")
        assert page.count("&lt;img src=x") > 3 and "<img" not in page and "49" not in re.search("<title>(.*?)</title>", page)[1]
        found = Tags(page)
        assert "img" not in found.names and "script" not in found.names and not found.open
    finally:
        with db.engine().begin() as connection:
            connection.execute(sa.text("UPDATE admin_unit SET name = 'Xã Quang Vĩnh' WHERE code = '18235'"))
            connection.execute(sa.text("UPDATE admin_unit SET name = 'Huyện Đức Thọ' WHERE code = '440'"))
        db.close()
