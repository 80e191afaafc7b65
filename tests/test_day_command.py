"""phuqr report page: the leader's view of a day in a file, of three report weeks of scans."""

import pytest
from typer.testing import CliRunner

import phuqr
from geo.accounts import add_account
from geo.audit import operator
from geo.errors import PhuqrError, ReportError


@pytest.fixture(scope="module")
def seated(three_weeks):
    for name, role, unit in (("leader", "leader", "42"), ("duc-tho", "district", "440")):
        add_account(operator(), name, role, [unit])
    return three_weeks


@pytest.fixture
def page(seated, tmp_path):
    """A function that writes the page and gives its text, blanks as blanks."""

    def page(unit, day, *more):
        path = tmp_path / "báo cáo" / "ngày.html"
        done = CliRunner().invoke(phuqr.build(), ["report", "page", "--unit", unit, "--day", day, "--output", str(path), *more])
        if done.exception:
            raise done.exception
        assert done.stdout == f"{path}\n"
        return path.read_text(encoding="utf-8").replace("\u00a0", " ")

    return page


def test_it_tells_what_changed_in_a_week_and_who_lags_and_why(page):
    shown = page("440", "2021-11-30", "--no-cases")
    # of 49 venues 20 were active in the seven days, 40 in those before
    assert "20 hoạt động / 49 đã tạo" in shown and "giảm 40,8 điểm %</b> Kỳ trước (17/11/2021 – 23/11/2021): 81,6 % (40/49)" in shown
    assert "<h4>Xã Quang Vĩnh <small>Huyện Đức Thọ</small></h4>" in shown
    assert "0/20 địa điểm hoạt động (0,0 %; khoảng tin cậy 0,0–16,1 %), thấp hơn mức 40,8 % của huyện Đức Thọ" in shown
    assert 'fill="url(#phuqr-lagging)"' in shown, "hatched on the map, too"
    assert "<nav>" not in shown and "<script" not in shown and "Điểm nóng" not in shown


def test_the_same_data_make_the_same_bytes(page):
    assert page("42", "2021-12-08") == page("42", "2021-12-08")


def test_cases_and_units_are_those_of_the_account(page, tmp_path):
    assert "Điểm nóng" in page("440", "2021-12-08") and "Điểm nóng" in page("440", "2021-12-08", "--as", "leader")
    assert "Điểm nóng" not in page("440", "2021-12-08", "--as", "duc-tho")
    with pytest.raises(PhuqrError, match="sees no traced cases"):
        page("440", "2021-12-08", "--as", "duc-tho", "--cases")
    for unit in ("42", "449", "18754", "x"):
        with pytest.raises(PhuqrError, match=f"there is no unit {unit}"):
            page(unit, "2021-12-08", "--as", "duc-tho")


def test_a_file_that_cannot_be_written_is_said(seated, tmp_path):
    (tmp_path / "file").write_text("")
    words = ["report", "page", "--unit", "440", "--day", "2021-12-08", "--output", str(tmp_path / "file" / "x.html")]
    done = CliRunner().invoke(phuqr.build(), words)
    assert isinstance(done.exception, ReportError) and "choose another --output" in str(done.exception)
