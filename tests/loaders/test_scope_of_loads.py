"""`phuqr load --as`: an account loads the kinds of its role, rows of its units only, and in its own name."""

import json

import pytest

from geo.accounts import add_account, set_disabled
from geo.audit import operator

VENUES = "venue_code,name,kind,commune_code,created_on"
# kind -> header, a row of Đức Thọ (440), one of Kỳ Anh (449), and the communes that the rows stored are of
KINDS = {
    "venues": (VENUES, "N1,a,cafe,18229,2021-11-26", "N2,a,cafe,18754,2021-11-26", "venue WHERE code LIKE 'N%'"),
    "scans": ("venue_code,day,scans,people", "V1,2021-12-10,5,3", "V11,2021-12-10,5,3", "scan_day JOIN venue ON id = venue_id"),
    "scans-hourly": ("venue_code,day,hour,scans", "V1,2021-12-10,9,5", "V11,2021-12-10,9,5", "scan_hour JOIN venue ON id = venue_id"),
    "scans-communes": (
        "commune_code,day,venues_with_scans,scans,people", "18229,2021-12-10,1,5,3", "18754,2021-12-10,1,5,3", "commune_scan_day",
    ),
    "visits": (
        "case_code,case_class,venue_code,commune_code,place,arrived_at,source", "HT-1,F0,,18229,Chợ,2021-12-10 09:00,declared",
        "HT-1,F0,V11,,,2021-12-10 10:00,declared", "visit",
    ),
    "inspections": (
        "venue_code,inspected_on,outcome", "V1,2021-12-10,đạt", "V11,2021-12-10,đạt", "inspection JOIN venue ON venue.id = venue_id",
    ),
    "population": ("commune_code,population", "18229,100", "18754,100", "population"),
    "staff": (
        "organisation,commune_code,returned_on,staff,installed", "Kho bạc,18229,2021-12-01,9,5", "Kho bạc,18754,2021-12-01,9,5",
        "(SELECT code AS commune_code FROM staff_return) told",
    ),
    "assessments": (
        "organisation,commune_code,assessed_on,points,supervisors,system", "Kho bạc,18229,2021-12-01,1,1,khác", "Kho bạc,18754,2021-12-01,1,1,khác",
        "(SELECT code AS commune_code FROM agency_assessment) told",
    ),
    "aliases": ("alias,commune_code", "Vùng ven sông,18229", "Bến đò,18754", "unit_alias"),
    "register": ("commune_code,obligation_group,obliged", "18229,A,1", "18754,A,1", "obligation"),
    "register-organisations": (
        "organisation,commune_code,obligation_group", "Kho bạc,18229,A", "Kho bạc,18754,A", "organisation",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def accounts(founded):
    """Name -> role and unit."""
    issued = {
        "duc_tho": ("data", "440"), "ha_tinh": ("data", "42"), "y_te": ("health", "440"), "lanh_dao": ("leader", "440"),
        "huyen": ("district", "440"), "xa": ("commune", "18229"), "quan_tri": ("admin", "440"), "nghi": ("data", "440"),
        "thi_tran": ("data", "18229"),
    }  # fmt: skip
    for name, (role, unit) in issued.items():
        add_account(operator(), name, role, [unit])
    set_disabled(operator(), "nghi")
    return issued


@pytest.fixture
def write(write_csv):
    """A function that writes the file of a kind: with both rows, or with those of these places."""

    def write(kind, places=(0, 1)):
        header, *rows, _ = KINDS[kind]
        return write_csv("\n".join([header, *(rows[place] for place in places), ""]))

    return write


@pytest.fixture
def stored(read_rows):
    """A function that gives the communes of the rows of a kind."""
    return lambda kind: read_rows(f"SELECT commune_code FROM {KINDS[kind][3]}").values.ravel().tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_other_units_are_refused(town, accounts, phuqr, write, stored, kind):
    words = "load", kind.split("-")[0], write(kind), "--as", "duc_tho", "--max-refused", "50", "--json"
    ran = phuqr(*words)
    outcome = json.loads(ran.out)
    assert (ran.code, outcome["rows_loaded"], outcome["rows_refused"]) == (0, 1, 1), ran
    assert [(found["row"], found["rule"]) for found in outcome["findings"]] == [(3, "outside_scope")]
    assert stored(kind) == ["18229"]


def test_a_file_of_other_units_alone_loads_nothing(town, accounts, phuqr, write, stored):
    ran = phuqr("load", "population", write("population", [1]), "--as", "duc_tho")
    assert (ran.code, ran.err) == (1, "phuqr: rows.csv: không có dòng nào được nạp; hãy sửa tệp rồi nạp lại\n")
    assert "(outside_scope): xã ngoài phạm vi của tài khoản" in ran.out
    assert stored("population") == []


def test_a_venue_of_another_unit_is_not_moved_into_ones_own(town, accounts, phuqr, write_csv, read_rows):
    read = "SELECT code, name, commune_code FROM venue WHERE code IN ('V1', 'V11')"
    before = read_rows(read)
    file = write_csv(f"{VENUES}\nV11,Chợ mới,cafe,18229,2021-11-28\nV1,Trụ sở,Trụ sở làm việc,18229,2021-11-20\n")
    ran = phuqr("load", "venues", file, "--as", "duc_tho", "--max-refused", "50")
    assert "dòng 2, cột commune_code, giá trị '18229': từ chối (outside_scope)" in ran.out, ran
    assert read_rows(read).equals(before)


def test_a_name_that_means_a_commune_of_another_account_is_not_turned(town, accounts, phuqr, write_csv, read_rows):
    read = "SELECT alias, commune_code FROM unit_alias"
    header = "alias,commune_code"
    phuqr("load", "aliases", write_csv(f"{header}\nBến đò,18235\nChợ cũ,18229\n"))
    before = read_rows(read)
    file = write_csv(f"{header}\nbến đò,18229\nChợ cũ,18229\n", "own.csv")
    ran = phuqr("load", "aliases", file, "--as", "thi_tran", "--max-refused", "50")
    assert "dòng 2, cột commune_code, giá trị '18229': từ chối (outside_scope)" in ran.out, ran
    assert read_rows(read).equals(before)
    assert phuqr("load", "aliases", file, "--as", "duc_tho").code == 0
    assert read_rows(read)["commune_code"].tolist() == ["18229", "18229"]


@pytest.mark.parametrize("name", ["ha_tinh", "y_te"])
def test_who_may_load_visits_does_within_its_units(town, accounts, phuqr, write, stored, name):
    phuqr("load", "visits", write("visits"), "--as", name, "--max-refused", "50")
    assert stored("visits") == {"ha_tinh": ["18229", "18754"], "y_te": ["18229"]}[name]


def test_a_load_is_in_the_name_of_the_account(town, accounts, phuqr, write, read_rows):
    events = "SELECT account, detail FROM audit WHERE event = 'load' AND id > {} ORDER BY id"
    known = int(read_rows("SELECT coalesce(max(id), 0) AS id FROM audit")["id"][0])
    file = write("population")
    phuqr("load", "population", file, "--as", "duc_tho", "--max-refused", "50")
    phuqr("load", "population", file, "--as", "duc_tho", "--dry-run")
    phuqr("load", "population", file, "--as", "ha_tinh", "--max-refused", "0")
    phuqr("load", "population", write("population", [1]), "--as", "duc_tho")
    runs = read_rows("SELECT id, loaded_by FROM load_run WHERE kind = 'population'")
    assert runs["loaded_by"].tolist() == ["duc_tho", "ha_tinh", "duc_tho"]
    assert read_rows(events.format(known)).sort_values("detail").values.tolist() == [
        ["duc_tho", f"population, rows.csv: 2 = 1 + 1 (run {runs['id'][0]})"],
        ["ha_tinh", f"population, rows.csv: 2 = 2 + 0 (run {runs['id'][1]})"],
        ["duc_tho", "population, rows.csv: refused as a whole"],
    ]


def test_who_may_load_more_of_a_file_loads_it_again(town, accounts, phuqr, write, stored):
    file = write("population")
    for name, said in (("duc_tho", "1 nạp"), ("duc_tho", "đã nạp"), ("ha_tinh", "2 nạp"), ("ha_tinh", "đã nạp")):
        assert said in phuqr("load", "population", file, "--as", name, "--max-refused", "50").out
    assert stored("population") == ["18229", "18754"]


REFUSED = [
    ("nghi", "population", "the account nghi is disabled"),
    ("khong_co", "population", "there is no account khong_co"),
    ("y_te", "population", "y_te: tài khoản vai trò health không nạp được loại số liệu này"),
    *((name, "visits", "không nạp được loại số liệu này") for name in ("lanh_dao", "huyen", "xa", "quan_tri")),
    *((name, "venues", "không nạp được loại số liệu này") for name in ("lanh_dao", "huyen", "xa", "quan_tri")),
]


def test_who_may_not_load_a_kind_is_told_so_and_nothing_is_read(town, accounts, phuqr, write, read_rows):
    before = read_rows("SELECT id FROM load_run")
    for name, kind, said in REFUSED:
        ran = phuqr("load", kind, write(kind), "--as", name)
        assert (ran.code, ran.out) == (1, "") and said in ran.err and ran.err.startswith("phuqr: "), ran
    assert read_rows("SELECT id FROM load_run").equals(before)


def test_boundaries_are_loaded_by_no_account(town, accounts, phuqr, boundary_file, read_rows):
    before = read_rows("SELECT id, name, load_run AS run FROM admin_unit")
    for name in ("ha_tinh", "quan_tri"):
        ran = phuqr("load", "boundaries", boundary_file, "--vintage", "2022-01-01", "--as", name)
        assert ran.code == 1 and ran.err.startswith(("phuqr: tài khoản chỉ nạp được", "phuqr: quan_tri: tài khoản"))
    assert read_rows("SELECT id, name, load_run AS run FROM admin_unit").equals(before)
