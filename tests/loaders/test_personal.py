"""What looks like a person's is refused by its column and its row and never repeated; what only resembles it passes."""

import numpy as np
import pandas as pd
import pytest

from geo.errors import FileError
from loaders.personal import PersonalWatch, refuse_personal_headers

HEADERS = {
    "venue_code": "Mã địa điểm", "name": "Tên địa điểm", "address": "Địa chỉ", "created_on": "Ngày tạo", "lon": "Kinh độ",
    "scans": "Số lượt quét", "case_code": "Mã ca", "note": "Ghi chú", "supervisor": "Giám sát",
}  # fmt: skip


def look(**columns):
    """The message that refuses a file of these columns (canonical, or a title left unread), "" if it passes."""
    titles = {HEADERS.get(column, column): values for column, values in columns.items()}
    chunk = pd.DataFrame(titles, dtype="str")
    chunk.index += 2
    headers = {column: HEADERS[column] for column in columns if column in HEADERS}
    try:
        PersonalWatch("rows.csv", headers).look(chunk)
    except FileError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "title",
    [
        "Họ và tên người khai", "SĐT", "Số CMND/CCCD", "Ngày sinh", "Năm sinh", "Email", "E-mail", "Nội dung QR", "Điện thoại",
        "so_dien_thoai", "phoneNumber", "QRPayload", "qr_payload", "Họ tên chủ cơ sở", "Chủ hộ", "Chủ quán", "Chu\u0309 qua\u0301n", "Người đại diện",
        "Người khai báo", "Tên bệnh nhân", "Thông tin liên hệ", "Di động", "Giới tính", "Số thẻ BHYT", "Hộ chiếu",
        "Căn cước công dân", "Số định danh", "Ho va ten", "HỌ\nTÊN", "Tel.", "ĐT", "birthDate", "ĐIỆN THOẠI LIÊN HỆ",
        "Số điện thoại", "phone", "Phone_Number", "telephone", "identity_number", "Tên người đăng ký", "Registrant name", "full name",
    ],
)  # fmt: skip
def test_headers_of_persons_are_refused(title):
    with pytest.raises(FileError, match="rows.csv: có cột dữ liệu cá nhân .*hãy xóa các cột này rồi nạp lại") as caught:
        refuse_personal_headers(["Mã địa điểm", title], "rows.csv")
    assert " ".join(title.split()) in str(caught.value)


@pytest.mark.parametrize(
    "title",
    [
        "Ngày tạo", "Tên địa điểm", "Số người", "Số người đăng ký", "Số người khai báo", "Chủ quản", "Cơ quan chủ quản",
        "Mã định danh điểm", "Số định danh địa điểm", "Số người có điện thoại thông minh", "Người giám sát", "Số hộ",
        "Mã ca bệnh", "Mã số thuế", "Hotel", "Mã QR", "Hồ sơ", "Chủ đầu tư", "Telegram", "DT", "Tên người giám sát", "Solution", "", "Hình thức",
    ],
)  # fmt: skip
def test_headers_of_venues_and_counts_are_not_refused(title):
    refuse_personal_headers(["Mã địa điểm", title], "rows.csv")


def test_a_header_that_is_itself_of_a_person_is_told_by_its_place():
    with pytest.raises(FileError) as caught:
        refuse_personal_headers(["Mã", "Điện thoại: 0912 345 678"], "rows.csv")
    assert "thứ 2" in str(caught.value) and "345" not in str(caught.value)


TELEPHONES = [
    "0912345678", "0912 345 678", "091 234 5678", "0912.345.678", "0912-345-678", "+84 912 345 678", "+84912345678", "84912345678",
    "(0912) 345 678", "+84 (0) 912 345 678", "0239 3855 123", "0239.3855.123", "02393855123", "(0239) 3 855 123", "024 3855 1234",
    "+84 239 385 5123", "09.12.34.56.78", "0912\u00a0345\u00a0678", "0387654321", "0561234567", "0700000000",
]  # fmt: skip
IDENTITIES = ["042185001234", "001203004567", "183456789", "042 185 001 234", "0421 8500 1234"]
PAYLOADS = [
    "042185001234|183456789|Tên|02031985|Nam|Xã|01052021", "042185001234||Tên|02031985|Nữ|Xã|01052021", "183456789|Tên|02/03/1985",
    "Tên|02031985|Nam", "042185001234 | Tên",
]  # fmt: skip


@pytest.mark.parametrize("column", ["name", "address", "note", "supervisor", "Cột khác"])
@pytest.mark.parametrize(
    ("values", "what"),
    [(TELEPHONES, "số điện thoại"), (IDENTITIES, "giấy tờ"), (PAYLOADS, "mã QR"), (["ten.ho@vi-du.vn"], "thư điện tử")],
)
def test_one_cell_of_free_text_refuses_the_file_and_is_not_repeated(column, values, what):
    for value in values:
        for text in (f"Quán {value}", f"Quán {value}, xóm 5", f"Quán:{value}."):
            message = look(**{column: ["Quán 1", text, ""]})
            assert what in message and f"cột {HEADERS.get(column, column)} có" in message and "(dòng 3)" in message, (
                text
            )
            assert value not in message and "Quán" not in message.replace("rows.csv", "")


@pytest.mark.parametrize(
    "text", ["ĐT0912345678", "SĐT:0912345678", "Zalo 0912345678", "0912345678-0987654321", "đt.0912345678"]
)
def test_telephones_beside_a_word_or_another_are_seen(text):
    assert "số điện thoại" in look(name=[text])


@pytest.mark.parametrize("column", ["name", "Cột khác"])
@pytest.mark.parametrize(
    "text",
    [
        "Bia tưởng niệm 12/9/1930", "Nhà văn hóa thôn 9", "Đường 26/3", "Quán 1985", "Quốc lộ 8A km 12", "KĐT 2021",
        "Số 120/15 ngõ 3 Trần Phú", "Nhiệm kỳ 2020-2025", "Cập nhật 2021-11-26 14:05:10", "03.09.2021-05.10.2021", "Trường THCS 19.5",
        "Nhiệm kỳ 08 2021-2022", "Tổ 05 06 07 08 09 10", "MST 0901234567", "Mã số thuế: 0901234567-001", "0901234567-001", "105.0912345678",
        "550e8400-e29b-41d4-a716-042185001234", "550e8400-0912-3456-7890-a42185001234", "0912-345-678b-0c", "a0912345678f", "105.042185001234", "1.234.567.890 đồng", "18.345678912",
        "Lô 12-14-16-18 KCN", "Chợ @ trung tâm", "A|B|C", "0903", "Km 0+912", "42-000001", "HT-2021-000123",
        "https://vi-du.vn/qr/123", "doanh thu 150000000 đồng", "tạo|26/11/2021|sửa",
        "Quyết định 1014/NQ-UBTVQH14",
    ],
)  # fmt: skip
def test_names_and_addresses_that_hold_numbers_pass(column, text):
    assert look(**{column: [text, text, text]}) == ""


def test_a_payload_is_refused_in_any_column_also_of_codes():
    for column in ("venue_code", "case_code", "scans", "created_on", "Mã số thuế"):
        assert "mã QR" in look(**{column: ["1", PAYLOADS[1]]}), column


@pytest.fixture(scope="module")
def numbers():
    """Forms of person's numbers, made by chance over all that the form allows: form -> function of how many."""
    chance = np.random.default_rng(5)

    def digits(count, low, high, width):
        return [f"{number:0{width}d}" for number in chance.integers(low, high, count)]

    def telephones(count):
        carriers = chance.choice(["097", "098", "091", "090", "038", "034", "086", "079", "094", "035"], count)
        return [carrier + rest for carrier, rest in zip(carriers, digits(count, 0, 10**7, 7))]

    def identities(count):
        sexes = chance.choice(["0", "1"], count)
        years, births = digits(count, 50, 100, 2), digits(count, 1, 20_000, 6)  # as a province numbers them
        return [f"042{sex}{year}{birth}" for sex, year, birth in zip(sexes, years, births)]

    return {
        "telephones": telephones,
        "telephones without zero": lambda count: [number[1:] for number in telephones(count)],
        "telephones with 84": lambda count: ["84" + number[1:] for number in telephones(count)],
        "identities": identities,
        "identities without zero": lambda count: [number[1:] for number in identities(count)],
        "old identities": lambda count: [f"18{rest}" for rest in digits(count, 0, 10**7, 7)],
    }


@pytest.mark.parametrize("count", [5, 30, 3000, 20_000])
@pytest.mark.parametrize("column", ["venue_code", "case_code", "Cột khác"])
@pytest.mark.parametrize("form", range(6))
def test_a_column_of_codes_that_are_peoples_numbers_refuses_the_file(numbers, form, column, count):
    values = list(numbers.values())[form](count)
    message = look(**{column: values})
    assert f"cột {HEADERS.get(column, column)} có số" in message
    assert not any(value in message for value in values[:50])


@pytest.mark.parametrize("column", ["venue_code", "Cột khác"])
@pytest.mark.parametrize(
    "make",
    [
        lambda i: f"0912{i:06d}",  # ten digits, all in the form of telephones, counted on
        lambda i: f"042185{i:06d}",  # twelve, in the form of identity numbers
        lambda i: f"0422{20 + i % 2}{i:06d}",  # the year, and a count
        lambda i: f"03{2 + i % 8}{i // 8:07d}",  # units like carriers, and a count
        lambda i: f"0912{i * 7919 % 10**6:06d}",  # by chance, all of one carrier
        lambda i: f"{300000000 + i}",
        lambda i: f"042440{i:06d}",
        lambda i: f"{4218229000 + i}",
        lambda i: f"0{(i * 7919 + 3) % 10**9:09d}",  # by chance over ten digits: most are no telephones
    ],
)
def test_a_systems_own_numbers_pass(column, make):
    for count in (1, 5, 40, 15_000):
        if column == "Cột khác" and count < 5:
            continue
        assert look(**{column: [make(number) for number in range(count)]}) == "", count


@pytest.mark.parametrize("column", ["venue_code", "Cột khác"])
def test_codes_counted_on_within_each_unit_pass(column):
    carriers = ["032", "033", "034", "035", "036", "037", "038", "039", "081", "082"]
    values = [f"{carriers[i % 10]}{i % 20 * 37:03d}{i // 20:04d}" for i in range(2400)]
    assert look(**{column: values}) == ""


def test_codes_of_which_some_look_like_telephones_pass_but_not_ones_of_cases(numbers):
    mixed = numbers["telephones"](8) + [f"V{number}" for number in range(2)]
    assert look(venue_code=mixed) == ""
    assert "Mã ca" in look(case_code=[numbers["identities"](1)[0]])
    assert "Mã ca" in look(case_code=mixed)


def test_numbers_of_other_meaning_pass():
    assert look(lon=["105.886217", "105.889460"], scans=["123456789", "1904"], created_on=["1985-03-02"] * 2) == ""
    assert look(**{"Doanh thu": ["150000000", "230500000", "312000000"] * 5}) == ""
    assert look(**{"Mã số thuế": ["0312345678", "0901234567", "0387654321-001"]}) == ""


def test_a_note_with_a_bare_telephone_among_texts_is_refused():
    assert "(dòng 4)" in look(**{"Cột khác": ["đã dán", "chưa dán", "0912345678", "đã dán"]})


def test_columns_of_birth_dates_are_refused():
    for dates in (["02/03/1985", "1990-12-01", "1-1-2001", ""], ["02031985", "03041986", "05061999"]):
        assert (
            look(**{"Cột khác": dates})
            == "rows.csv: cột Cột khác có ngày sinh; hãy xóa dữ liệu cá nhân khỏi tệp rồi nạp lại"
        )
    assert look(**{"Ngày thành lập": ["02/03/1985", "1990-12-01", "1-1-2001"]}) == ""
    assert look(**{"Ngày khác": ["02/03/2021", "2021-12-01", "02/03/1985"]}) == ""


def test_all_columns_are_told_together_and_only_the_first_rows():
    message = look(name=["0912345678"] * 7, note=["a@vi-du.vn"] + [""] * 6)
    assert (
        "cột Tên địa điểm có số điện thoại (dòng 2, 3, 4, 5, 6 và 2 dòng nữa); cột Ghi chú có thư điện tử (dòng 2)"
        in message
    )
