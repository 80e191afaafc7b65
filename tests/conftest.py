"""A database of the run's own, on DATABASE_URL's server or the private cluster, dropped at the end."""

import os
import secrets
from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from geo import db
from geo.schema import GATE, VIEWER
from loaders.boundaries import load_boundaries
from loaders.register import load_register
from loaders.scans import load_scans
from loaders.venues import load_venues

# how long examples take is the machine's affair: the first one of a new clone writes Hypothesis' table of characters
settings.register_profile("phuqr", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("phuqr")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def server_url():
    """The server that the tests' databases are made on."""
    return db.database_url()


@pytest.fixture(scope="session")
def make_database(server_url):
    """A function that gives the address of a new, empty database; all are dropped at the end of the run."""
    server = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    made = []

    def make():
        name = f"phuqr_test_{secrets.token_hex(6)}"
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
        made.append(name)
        return server_url.set(database=name).render_as_string(hide_password=False)

    yield make
    with server.connect() as connection:
        for name in made:
            database = connection.scalar(sa.text("SELECT oid FROM pg_database WHERE datname = :name"), {"name": name})
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(sa.text(f"DROP ROLE IF EXISTS {VIEWER}_{database}, {GATE}_{database}"))
    server.dispose()


@pytest.fixture(scope="session")
def use_database():
    """A function that points everything in this process to a database."""
    before = os.environ.get("DATABASE_URL")

    def use(url):
        db.close()
        os.environ["DATABASE_URL"] = url

    yield use
    db.close()
    if before is None:
        del os.environ["DATABASE_URL"]
    else:
        os.environ["DATABASE_URL"] = before


@pytest.fixture(scope="module")
def database(make_database, use_database):
    """A migrated database without rows, for one test file."""
    url = make_database()
    use_database(url)
    db.migrate()
    return url


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real boundaries and of the invented province; tests that read it are left out where it is not there."""
    if not SHARED.is_dir():
        pytest.skip("the shared data are not beside this checkout")
    return SHARED


COMMUNES = [
    # commune, name, district, name, column and row of its square, a tenth of a degree wide from 105.5 E, 18.5 N
    ("18229", "Thị trấn Đức Thọ", "440", "Huyện Đức Thọ", 0, 0),
    ("18235", "Xã Quang Vĩnh", "440", "Huyện Đức Thọ", 1, 0),
    ("18280", "Xã Hòa Lạc", "440", "Huyện Đức Thọ", 2, 0),
    ("18754", "Phường Kỳ Trinh", "449", "Thị xã Kỳ Anh", 0, 1),
    ("18757", "Xã Kỳ Lợi", "449", "Thị xã Kỳ Anh", 1, 1),
]


@pytest.fixture(scope="session")
def boundary_file(tmp_path_factory):
    """Two provinces: Hà Tĩnh with the five squares of COMMUNES, Thừa Thiên Huế with one; in VN-2000, not in WGS 84."""
    squares = [shapely.box(105.5 + x / 10, 18.5 + y / 10, 105.6 + x / 10, 18.6 + y / 10) for *_, x, y in COMMUNES]
    rows = [(*row[:4], "42", "Tỉnh Hà Tĩnh") for row in COMMUNES]
    rows.append(("19750", "Phường Phú Thuận", "474", "Thành phố Huế", "46", "Tỉnh Thừa Thiên Huế"))
    names = ["commune_code", "commune_name", "district_code", "district_name", "province_code", "province_name"]
    frame = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=names), geometry=[*squares, shapely.box(107.5, 16.4, 107.6, 16.5)], crs=4326
    )
    path = tmp_path_factory.mktemp("boundaries") / "communes.gpkg"
    frame.to_crs(3405).to_file(path, layer="communes")
    return path


REGISTER = """Mã xã,Nhóm,Số địa điểm phải tạo
18229,A,2
18229,C,2
18235,C,4
18280,C,0
"""
# In Thị trấn Đức Thọ four venues: one office from before the window, three in it, one of these of no obligation group.
# In Quang Vĩnh five businesses, one more than the register has; one created after the window. In Hòa Lạc none, and in
# Thị xã Kỳ Anh one in Kỳ Trinh, where there is no register.
VENUES = """Mã địa điểm,Tên địa điểm,Loại hình,Xã/phường/thị trấn,Quận/huyện,Ngày tạo,Kinh độ,Vĩ độ
V1,Trụ sở,Trụ sở làm việc,TT. Đức Thọ,Huyện Đức Thọ,20/11/2021,105.55,18.55
V2,Quán cà phê,Quán cà phê,ĐỨC THỌ,Đức Thọ,26/11/2021,,
V3,Trụ sở hai,Trụ sở làm việc,Thị  trấn  Đức Thọ,H. Đức Thọ,2021-12-08,,
V4,Xe khách,Phương tiện vận tải,thị trấn ðức thọ,huyện đức thọ,01/12/2021,,
V5,Cơ sở 5,"Cơ sở sản xuất, kinh doanh",Xã Quang Vĩnh,Huyện Đức Thọ,25/11/2021,,
V6,Cơ sở 6,"Cơ sở sản xuất, kinh doanh",Quang Vĩnh,Huyện Đức Thọ,26/11/2021,,
V7,Cơ sở 7,"Cơ sở sản xuất, kinh doanh",X. Quang Vĩnh,Huyện Đức Thọ,08/12/2021,,
V8,Cơ sở 8,"Cơ sở sản xuất, kinh doanh",Xã Quang Vĩnh,Huyện Đức Thọ,30/11/2021,,
V9,Cơ sở 9,"Cơ sở sản xuất, kinh doanh",Xã Quang Vĩnh,Huyện Đức Thọ,30/11/2021,,
V10,Cơ sở 10,"Cơ sở sản xuất, kinh doanh",Xã Quang Vĩnh,Huyện Đức Thọ,09/12/2021,,
V11,Chợ,Chợ dân sinh,P. Kỳ Trinh,TX. Kỳ Anh,28/11/2021,,
"""
# V1 scanned in the window; V2 too, on both its ends; V3 not; V4 with a row of no scans; V5 before the window only;
# V6 in it; V10, created after it, on the day after.
SCANS = """Mã địa điểm,Ngày,Số lượt quét,Số người
V1,2021-11-27,10,8
V2,2021-11-26,5,5
V2,2021-12-08,7,6
V4,2021-12-02,0,0
V5,2021-11-25,3,3
V6,2021-12-01,4,2
V10,2021-12-09,9,9
"""


@pytest.fixture(scope="session")
def small_files(tmp_path_factory, boundary_file):
    """The files of a province small enough to count by hand."""
    folder = tmp_path_factory.mktemp("small")
    for name, text in (("register.csv", REGISTER), ("venues.csv", VENUES), ("scans.csv", SCANS)):
        (folder / name).write_text(text, encoding="utf-8")
    return {"boundaries": boundary_file} | {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def small_province(database, small_files):
    """The database with those files loaded; the address of the database."""
    load_boundaries(small_files["boundaries"], date(2021, 11, 1))
    load_register(small_files["register"])
    load_venues(small_files["venues"])
    load_scans(small_files["scans"])
    return database


THREE_WEEKS_REGISTER = "Mã xã,Nhóm,Số địa điểm phải tạo\n18229,C,20\n18235,C,20\n18280,C,20\n18754,C,40\n18757,C,40\n"
THREE_WEEKS_VENUES = {"18229": 20, "18235": 20, "18280": 9, "18754": 40, "18757": 0}
# In each of three report weeks Thị trấn Đức Thọ scans everywhere; Quang Vĩnh nowhere in the last two; Hòa Lạc never.
THREE_WEEKS = [
    (date(2021, 11, 18), {"18229", "18235"}),
    (date(2021, 11, 25), {"18229"}),
    (date(2021, 12, 2), {"18229"}),
]


@pytest.fixture(scope="module")
def three_weeks(database, small_files, tmp_path_factory):
    """The database with enough venues to judge, and three report weeks of scans."""
    folder = tmp_path_factory.mktemp("weeks")
    codes = [
        (commune, f"{commune}-{number}") for commune, count in THREE_WEEKS_VENUES.items() for number in range(count)
    ]
    venues = [f"{code},Quán {code},Quán cà phê,{commune},2021-11-01" for commune, code in codes]
    scans = [
        f"{code},{first + timedelta(days=2)},3,2"
        for first, scanning in THREE_WEEKS
        for commune, code in codes
        if commune in scanning
    ]
    (folder / "register.csv").write_text(THREE_WEEKS_REGISTER, encoding="utf-8")
    (folder / "venues.csv").write_text(
        "\n".join(["Mã địa điểm,Tên địa điểm,Loại hình,Mã xã,Ngày tạo", *venues]), encoding="utf-8"
    )
    (folder / "scans.csv").write_text("\n".join(["Mã địa điểm,Ngày,Số lượt quét,Số người", *scans]), encoding="utf-8")
    load_boundaries(small_files["boundaries"], date(2021, 11, 1))
    load_register(folder / "register.csv")
    load_venues(folder / "venues.csv")
    load_scans(folder / "scans.csv")
    return database
