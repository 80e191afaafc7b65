"""Map files of every format and coordinate system: read to the metre, or refused with what to do."""

import warnings
import zipfile

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.errors import FileError
from loaders.boundaries import COLUMNS
from loaders.layers import read_layer
from loaders.projections import provincial_zones, zones_for

PLACES = {
    "Hà Tĩnh": (105.9, 18.3),
    "Thừa Thiên Huế": (107.6, 16.4),
    "Phú Yên": (109.1, 13.1),
    "Ninh Thuận": (108.9, 11.6),
}
ZONES = {"Hà Tĩnh": 9209, "Thừa Thiên Huế": 9214, "Phú Yên": 9218, "Ninh Thuận": 9217}  # Thông tư 973/2001/TT-TCĐC
METRE = 1 / 111_000


def units(province="Hà Tĩnh", crs=4326):
    x, y = PLACES[province]
    rows = {"ma_xa": ["18229", "18235"], "ten_xa": ["Thị trấn Đức Thọ", "Xã Quang Vĩnh"], "ten_tinh": [province] * 2}
    boxes = [shapely.segmentize(shapely.box(x + d, y, x + d + 0.1, y + 0.1), 0.01) for d in (0, 0.1)]
    return gpd.GeoDataFrame(rows, geometry=boxes, crs=4326).to_crs(crs)


@pytest.fixture
def write(tmp_path):
    """A function that writes a frame to a map file and gives its path."""

    def write(frame, name="units.gpkg", **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that there is no CRS
            frame.to_file(tmp_path / name, **options)
        return tmp_path / name

    return write


def read(path, srid=None):
    return read_layer(path, COLUMNS, srid)


def off_by(path, province="Hà Tĩnh", srid=None):
    """Metres between the polygons read and those that were written."""
    _, shapes = read(path, srid)
    return shapely.hausdorff_distance(shapes.to_numpy(), units(province).geometry.to_numpy()).max() / METRE


@pytest.mark.parametrize("province", PLACES)
@pytest.mark.parametrize(
    ("name", "options"), [("units.gpkg", {}), ("units.shp.zip", {"encoding": "utf-8"}), ("units.geojson", {})]
)
def test_vn2000_in_the_zone_of_each_province(write, province, name, options):
    assert off_by(write(units(province, ZONES[province]), name, **options), province) < 1


@pytest.mark.parametrize("srid", [4326, 4756, 3405, 3406, 32648, 32649, 5896, 5897, 5898, 5899, *range(9205, 9219)])
def test_every_system_of_vietnam(write, srid):
    path = write(units(crs=srid))
    source, _ = read(path)
    assert off_by(path) < 1
    assert bool(source.notes) == (srid != 4326)
    # and not told by the file, but by who loads it
    assert off_by(write(units(crs=srid).set_crs(None, allow_override=True), "untold.gpkg"), srid=srid) < 1


def test_kml_and_heights(write):
    frame = units()
    path = write(frame.set_geometry(shapely.force_3d(frame.geometry.to_numpy(), 5)), "units.kml", driver="KML")
    source, _ = read(path)
    assert off_by(path) < 1
    assert source.rows[["commune_code", "commune_name"]].values.tolist()[0] == ["18229", "Thị trấn Đức Thọ"]


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Hà Tĩnh</name>{}</Document></kml>"""
PLACEMARK = """<Placemark><name>{name}</name><ExtendedData>{data}</ExtendedData><Polygon><outerBoundaryIs><LinearRing>
<coordinates>{x},18.3,0 {x}5,18.3,0 {x}5,18.4,0 {x},18.3,0</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"""


def placemark(name, x, **data):
    data = "".join(f'<Data name="{column}"><value>{value}</value></Data>' for column, value in data.items())
    return PLACEMARK.format(name=name, data=data, x=x)


def test_the_folders_of_a_kml_are_one_file_and_its_places_bear_the_communes_names(tmp_path):
    path = tmp_path / "ha_tinh.kml"
    folders = {
        "Huyện Đức Thọ": placemark("Thị trấn Đức Thọ", 105.1, ma_xa="18229", ten_huyen="Huyện Đức Thọ"),
        "Thị xã Kỳ Anh": placemark("P1", 105.2, ma_xa="18754", ten_xa="Phường Kỳ Trinh"),
        "Ranh giới khác": placemark("Hồ Kẻ Gỗ", 105.3),
    }
    path.write_text(
        KML.format("".join(f"<Folder><name>{name}</name>{of}</Folder>" for name, of in folders.items())),
        encoding="utf-8",
    )
    source, shapes = read(path)
    assert source.rows[["commune_code", "commune_name", "district_name"]].values.tolist() == [
        ["18229", "Thị trấn Đức Thọ", "Huyện Đức Thọ"], ["18754", "Phường Kỳ Trinh", ""],
    ]  # fmt: skip
    assert source.notes == ("đọc lớp Huyện Đức Thọ", "đọc lớp Thị xã Kỳ Anh") and source.ignored == ()
    assert shapes.bounds["minx"].tolist() == [105.1, 105.2] and shapes.index.tolist() == [1, 2]
    path.write_text(KML.format(folders["Ranh giới khác"]), encoding="utf-8")
    with pytest.raises(FileError, match="thiếu cột|không có tiêu đề nào đã biết"):
        read(path)


def test_each_province_has_the_zone_that_the_circular_gives_it():
    assert {province: zones_for([f"Tỉnh {province}"]) for province in ZONES} == {
        name: [zone] for name, zone in ZONES.items()
    }
    assert len(provincial_zones()) >= 18


TM3 = 'PROJCS["VN",GEOGCS["x",DATUM["{datum}",SPHEROID["{name}",{axis}]{shift}],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",105.5],PARAMETER["scale_factor",0.9999],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]'  # fmt: skip
WGS = "6378137,298.257223563"
SEVEN = ",TOWGS84[-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278]"


@pytest.mark.parametrize(
    ("datum", "name", "axis", "shift"),
    [
        ("D_Vietnam_2000", "WGS_1984", WGS, ""),  # as ESRI writes it
        ("VN2000", "WGS84", WGS, SEVEN),  # with the seven parameters that the ministry published
        ("unknown", "WGS84", WGS, ""),  # the zone's own figures, which no other datum uses
    ],
)
def test_vn2000_as_programs_write_it(write, datum, name, axis, shift):
    frame = units(crs=9209).set_crs(None, allow_override=True)
    wkt = TM3.format(datum=datum, name=name, axis=axis, shift=shift)
    assert off_by(write(frame.set_crs(wkt), "units.gpkg")) < 1


def test_a_datum_that_nobody_knows_is_refused(write):
    frame = units(crs=9209).set_crs(None, allow_override=True)
    path = write(frame.set_crs(TM3.format(datum="unknown", name="odd", axis="6378245,298.3", shift="")))
    with pytest.raises(FileError, match=r"units.gpkg: hệ tọa độ VN không rõ gốc.*--srid"):
        read(path)


def test_a_file_that_tells_no_system_says_how_to_give_it(write):
    path = write(units(crs=9209).set_crs(None, allow_override=True), "units.shp.zip", encoding="utf-8")
    with pytest.raises(FileError, match=r"units.shp.zip: không ghi hệ tọa độ \(thiếu .prj\).*--srid 9209"):
        read(path)
    assert off_by(path, srid=9209) < 1
    with pytest.raises(FileError, match="PROJ không biết hệ tọa độ EPSG:99999"):
        read(path, srid=99999)


def test_a_system_of_no_place_is_refused(write):
    local = 'ENGCRS["sân trường",EDATUM["cột cờ"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
    path = write(units(crs=9209).set_crs(local, allow_override=True))
    with pytest.raises(FileError, match=r"không gắn với mặt đất \(sân trường\).*--srid"):
        read(path)


def mistold(told, crs=9209, province="Hà Tĩnh"):
    return units(province, crs).set_crs(told, allow_override=True)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (mistold(4326), r"tọa độ là mét, mà tệp ghi hệ WGS 84 tính bằng độ; của tỉnh này là --srid 9209 \(VN-2000 / TM-3 105-30\)"),
        (mistold(9209, 4326), r"tọa độ là độ, mà tệp ghi hệ VN-2000 / TM-3 105-30 tính bằng mét; nếu là WGS 84, hãy ghi --srid 4326"),
        (mistold(9214), r"Hà Tĩnh rơi vào kinh độ 107.\d\d, vĩ độ 18.35, ngoài vùng của tỉnh; của tỉnh này là --srid 9209"),
        (mistold(32733), "bản đồ nằm ngoài Việt Nam theo hệ tọa độ này; của tỉnh này là --srid 9209"),
        (units().assign(geometry=shapely.transform(units().geometry.to_numpy(), np.fliplr)), "vĩ độ đứng trước kinh độ"),
        (mistold(4326).assign(ten_tinh=""), r"nằm trong Việt Nam nếu là --srid \d+ \(.*hoặc \d+"),
    ],
)  # fmt: skip
def test_coordinates_that_cannot_be_in_their_system_are_refused_with_the_one_they_could_be_in(write, frame, said):
    with pytest.raises(FileError, match=said):
        read(write(frame))


def test_the_system_that_who_loads_gives_goes_before_the_files(write):
    path = write(mistold(4326))
    assert off_by(path, srid=9209) < 1
    assert read(path, 9209)[0].notes == ("đọc theo --srid 9209 (VN-2000 / TM-3 105-30) thay cho WGS 84 ghi trong tệp",)


def escaped(frame):
    return frame.assign(ten_xa=[name.encode("ascii", "backslashreplace").decode() for name in frame["ten_xa"]])


def test_names_in_escapes_are_decoded_or_left_for_a_layer_without(write):
    plain, coded = units(), units()
    coded["ten_xa"] = ["Th\\u1ecb tr\\u1ea5n \\u0110\\u1ee9c Th\\u1ecd", "X\\u00e3 Quang V\\u0129nh"]
    source, _ = read(write(coded, layer="coded"))
    assert source.rows["commune_name"].tolist() == ["Thị trấn Đức Thọ", "Xã Quang Vĩnh"]
    assert source.notes == (r"đã giải mã các chữ ghi dạng \u00e0 trong ten_xa",)
    source, _ = read(write(plain, layer="plain"))
    assert source.notes == (r"đọc lớp plain; bỏ lớp coded vì tên ghi dạng \u00e0",)
    with pytest.raises(FileError, match=r"units.gpkg: nhiều lớp có xã \(.*\); hãy giữ một lớp"):
        read(write(plain, layer="again"))


def test_the_encoding_that_a_shapefile_names_is_honoured(write, tmp_path):
    write(units(), "xa.shp", encoding="utf-8")
    names = []
    for named in ("UTF-8", "ISO-8859-2"):
        (tmp_path / "xa.cpg").write_text(named)
        with zipfile.ZipFile(tmp_path / "xa.zip", "w") as archive:
            for part in tmp_path.glob("xa.[!z]*"):
                archive.write(part, part.name)
        names.append(read(tmp_path / "xa.zip")[0].rows["commune_name"].iloc[1])
    assert names == ["Xã Quang Vĩnh", "Xã Quang Vĩnh".encode().decode("iso-8859-2")]


def test_numbers_are_read_as_text_without_what_was_added(write):
    frame = units().assign(ma_xa=[18229.0, 18235.0], ma_tinh=[42, 42])
    source, _ = read(write(frame))
    assert source.rows[["commune_code", "province_code"]].values.tolist() == [["18229", "42"], ["18235", "42"]]
    assert source.rows.index.tolist() == [1, 2]


def test_a_file_of_districts_says_that_communes_are_wanted(write):
    with pytest.raises(FileError, match="cần một lớp có xã: huyện và tỉnh được gộp từ các xã"):
        read(write(units().rename(columns={"ten_xa": "ten_huyen"})))


@pytest.mark.parametrize(
    ("file", "count", "layer_note"),
    [
        ("communes_2021_four_provinces.gpkg", 532, "đọc lớp communes"),
        ("communes_2025_four_former_provinces.gpkg", 167, None),
        ("country_2019_11163.gpkg", 11163, None),
        ("gadm41_level3_four_provinces.gpkg", 591, None),
        ("census2009_four_provinces.gpkg", 591, r"đọc lớp communes_vietnam63; bỏ lớp communes_censusVN2009 vì tên ghi dạng \u00e0"),
    ],
)  # fmt: skip
def test_the_real_files_are_read(shared_data, file, count, layer_note):
    source, shapes = read(shared_data / "boundaries" / file)
    assert len(source.rows) == len(shapes) == count
    assert (source.rows["commune_name"] != "").all() and not shapes.isna().any()
    assert source.notes == ((layer_note,) if layer_note else ())


def test_the_real_file_of_districts_is_refused(shared_data):
    with pytest.raises(FileError, match="cần một lớp có xã"):
        read(shared_data / "boundaries" / "districts_2019_four_provinces.gpkg")
