"""The same rows in any format, character set and order of columns give the same database."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from geo import db
from loaders.inspections import load_inspections
from loaders.population import load_population
from loaders.register import load_register
from loaders.scans import load_scans
from loaders.venues import load_venues
from loaders.visits import load_visits

from .tables import write_table

LOADERS = {
    "register": load_register, "venues": load_venues, "scans": load_scans, "visits": load_visits, "inspections": load_inspections,
    "population": load_population,
}  # fmt: skip
# Titles (Vietnamese, another form, canonical), and rows whose cells are typed where a workbook can; each kind has a row
# to be refused and one to be flagged, if the kind has any.
TITLES = {
    "register": [
        ("Xã/phường/thị trấn", "XA", "commune"), ("Quận/huyện", "Huyện", "district"), ("Nhóm", "nhom doi tuong", "obligation_group"),
        ("Số địa điểm phải tạo", "Diện phải tạo", "obliged"),
    ],
    "venues": [
        ("Mã địa điểm", "ma_qr", "venue_code"), ("Tên địa điểm", "TÊN ĐIỂM", "name"), ("Loại hình", "Loại địa điểm", "kind"),
        ("Xã/phường/thị trấn", "Tên xã", "commune"), ("Quận/huyện", "Tên huyện", "district"), ("Ngày tạo", "Ngày tạo mã", "created_on"),
        ("Kinh độ", "longitude", "lon"), ("Vĩ độ", "LATITUDE", "lat"), ("Cơ quan chủ quản", "Đơn vị", "organisation"),
    ],
    "scans": [
        ("Mã địa điểm", "Mã điểm", "venue_code"), ("Ngày", "Ngày quét", "day"), ("Số lượt quét", "luot quet", "scans"),
        ("Số người", "Số người quét", "people"),
    ],
    "visits": [
        ("Mã ca", "Mã ca bệnh", "case_code"), ("Phân loại", "Loại ca", "case_class"), ("Mã địa điểm", "Mã QR", "venue_code"),
        ("Mã xã", "Mã đơn vị hành chính", "commune_code"), ("Nơi đến", "Mô tả nơi đến", "place"),
        ("Thời điểm đến", "Đến lúc", "arrived_at"), ("Thời điểm rời đi", "Rời lúc", "left_at"), ("Nguồn", "Nguồn tin", "source"),
    ],
    "inspections": [
        ("Mã địa điểm", "Mã điểm", "venue_code"), ("Ngày kiểm tra", "ngay_kiem_tra", "inspected_on"), ("Kết quả", "Kết quả kiểm tra", "outcome"),
        ("Dán mã đúng quy định", "Dán mã", "posted"), ("Số người vào", "Số người ra vào", "head_count"),
        ("Số người được quét", "Số người quét", "scanned"), ("Ghi chú", "ghi  chú", "note"),
    ],
    "population": [
        ("Xã/phường/thị trấn", "XA", "commune"), ("Quận/huyện", "Huyện", "district"), ("Dân số", "Số nhân khẩu", "population"), ("Số hộ", "Số hộ dân", "households"),
    ],
}  # fmt: skip
ROWS = {
    "register": [["Xã Quang Vĩnh", "Huyện Đức Thọ", "C", 1904], ["TT. Đức Thọ", "Đức Thọ", "A", 25], ["Xã Lạ", "Huyện Đức Thọ", "C", 1]],
    "venues": [
        ["V01", "Quán ăn của người Hà Tĩnh, số 1", "Quán cà phê", "Thị trấn Đức Thọ", "Huyện Đức Thọ", date(2021, 11, 26), 105.55, 18.5512, "Sở Y tế"],
        ["V02", "Cửa hàng \"bánh mướt\"; nước mắm", "Chợ dân sinh", "Xã Quang Vĩnh", "Huyện Đức Thọ", date(2021, 12, 2), 18.55, 105.65, None],
        ["V03", "Nhà văn hóa thôn giữa", "Tiệm lạ", "Kỳ Lợi", "Thị xã Kỳ Anh", date(2021, 12, 3), None, 18.6, "Đoàn thể của xã"],
        ["V04", "Trường tiểu học", "Trụ sở làm việc", "Không có", "Huyện Đức Thọ", date(2021, 12, 3), None, None, None],
    ],
    "scans": [
        ["V01", date(2021, 11, 27), 10, 8], ["V02", date(2021, 11, 30), 1904, 7], ["V03", date(2021, 12, 9), 3, 4], ["V01", date(2021, 12, 1), 0, 0],
    ],
    "visits": [
        ["HT-01", "F0", "V01", None, None, datetime(2021, 12, 1, 9, 19), datetime(2021, 12, 1, 10, 0, 30), "Khai báo"],
        ["HT-01", "F0", None, "18235", "Đám cưới ở nhà văn hóa", datetime(2021, 12, 1, 11, 5), None, "Khai báo"],
        ["HT-02", "F2", "V01", None, None, datetime(2021, 12, 1, 9, 19), None, "Quét mã"],
    ],
    "inspections": [
        ["V01", date(2021, 12, 7), "Nhắc nhở", "có", 40, 31, "mã dán ở chỗ khuất"], ["V02", date(2021, 12, 7), "Đạt", "không", None, None, None],
        ["V03", date(2021, 12, 7), "chưa rõ", "có", 4, 5, "đề nghị dán lại"],
    ],
    "population": [
        ["Thị trấn Đức Thọ", "Huyện Đức Thọ", 7904, 2101], ["Xã Quang Vĩnh", "Huyện Đức Thọ", 5000, None], ["Xã Kỳ Lợi", "Thị xã Kỳ Anh", 10, 11],
    ],
}  # fmt: skip
FORMS = {  # suffix, and how it is written
    "csv": (".csv", {}),
    "csv of Excel": (".csv", {"encoding": "utf-8-sig", "delimiter": ";", "lineterminator": "\r\n"}),
    "xlsx": (".xlsx", {}), "xls": (".xls", {}), "ods": (".ods", {}),
    "TCVN3": (".csv", {"encoding": "tcvn3"}), "VNI": (".csv", {"encoding": "vni"}), "windows-1258": (".csv", {"encoding": "cp1258"}),
    "UTF-16": (".tsv", {"encoding": "utf-16"}),
}  # fmt: skip
# Rows by what they say; numbers of rows and runs, and moments of loading, are each database's own.
READ = {
    "venue": "SELECT code, name, kind, organisation, commune_code, located_by, ST_AsText(point), outside_commune, created_on FROM venue",
    "obligation": "SELECT commune_code, obligation_group, obliged FROM obligation",
    "scan_day": "SELECT v.code, day, scans, people FROM scan_day JOIN venue v ON v.id = venue_id",
    "visit": "SELECT case_code, case_class, v.code, t.commune_code, place, arrived_at, left_at, source FROM visit t LEFT JOIN venue v ON v.id = venue_id",
    "inspection": "SELECT v.code, inspected_on, outcome, posted, head_count, scanned, note FROM inspection JOIN venue v ON v.id = venue_id",
    "population": "SELECT commune_code, population, households FROM population",
    "finding": "SELECT r.kind, \"row\", rule, refused, remedy, commune_code FROM load_finding JOIN load_run r ON r.id = load_run WHERE r.kind <> 'boundaries'",
    "run": "SELECT kind, rows_in, rows_loaded, rows_refused, rows_changed, warnings FROM load_run",
}


def read_all():
    with db.engine().connect() as connection:
        found = {name: connection.execute(sa.text(query)).all() for name, query in READ.items()}
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


@pytest.fixture
def load(units, tmp_path):
    """A function that loads every kind in one form, the columns in the order of `places` (of each title which form)."""

    def run(suffix, options, form=0, order=lambda columns: columns):
        for kind, loader in LOADERS.items():
            titles = [title[form] for title in TITLES[kind]]
            rows = [order(row) for row in [titles, *ROWS[kind]]]
            loader(write_table(tmp_path / f"{kind}{suffix}", rows, **options))
        return read_all()

    return run


@pytest.fixture(scope="module")
def wanted():
    """What the first form gave."""
    return {}


@pytest.mark.parametrize("name", FORMS)
def test_the_same_rows_in_any_format_give_the_same_database(load, wanted, name):
    found = load(*FORMS[name])
    assert found == wanted.setdefault("rows", found)
    assert [len(found[table]) for table in READ] == [3, 2, 3, 2, 2, 2, 11, 7]


@pytest.mark.parametrize(
    ("form", "order"),
    [
        (0, lambda row: row[::-1]),
        (1, lambda row: row[2:] + row[:2]),
        (2, lambda row: [*row[1::2], *row[::2]]),
    ],
)
def test_the_order_and_the_spelling_of_titles_do_not_matter(load, wanted, form, order):
    found = load(".csv", {}, form, order)
    assert found == wanted.setdefault("rows", found)
