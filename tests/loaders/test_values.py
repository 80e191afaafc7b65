"""Days, numbers and flags as people write them: read where there is one reading, refused where there are two."""

from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.values import DayReader, NumberReader, parse_days, parse_flags, parse_moments


def texts(*values):
    return pd.Series(values, index=range(5, 5 + len(values)), dtype="str")


def read_days(*values, reader=None):
    """ISO days, or the rule that refuses."""
    days, fault = (reader or DayReader()).read(texts(*values))
    fault = pd.Series(None, days.index, dtype=object) if fault is None else fault
    assert days.dtype == "datetime64[s]" and list(days.index) == list(fault.index) == list(range(5, 5 + len(values)))
    assert not (days.notna() & fault.notna()).any()
    return [
        rule if isinstance(rule, str) else day.date().isoformat() if pd.notna(day) else None
        for day, rule in zip(days, fault)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2021-11-26", "26/11/2021", "26-11-2021", "26.11.2021", "26/11/21", "26-11-21", "44526", "2021-11-26T14:05:10",
        "2021-11-26 14:05", "26/11/2021 14:05", "26/11/2021 14:05:10", "2021-11-25T20:00:00Z", "2021-11-26T23:30:00+07:00",
        "2021-11-26T01:00:00.123+07:00", "44526.75", "14:05 26/11/2021",
    ],
)  # fmt: skip
def test_days_are_read_in_every_form(text):
    assert read_days(text, "", text) == ["2021-11-26", None, "2021-11-26"]


@pytest.mark.parametrize(
    "text",
    [
        "11/26/2021", "31/02/2021", "29/02/2021", "00/11/2021", "0/0/2021", "hôm qua", "today", "26/11", "11/2021", "2021", "26112021",
        "２６/11/2021", "٢٦/11/2021", "26/11/2021x", "43830", "60001", "2021-13-01", "26/11/021", "26/11/2021 25:00", "2021-11-26 14:60",
        "-1", "26 11 2021", "2021-11-26T10:00:00+99:00",
    ],
)  # fmt: skip
def test_what_is_no_day_is_refused(text):
    assert read_days("26/11/2021", text) == ["2021-11-26", "not_a_date"]


def test_a_column_that_shows_the_month_first_is_not_turned_by_chance():
    assert read_days("11/26/2021", "11/05/2021", "05/05/2021", "2021-11-05") == [
        "not_a_date", "month_first", "2021-05-05", "2021-11-05",
    ]  # fmt: skip
    assert read_days("11/26/2021", "11/05/2021", "26/11/2021") == ["not_a_date", "2021-05-11", "2021-11-26"]
    assert read_days("11/05/2021") == ["2021-05-11"]


def test_the_evidence_holds_across_chunks():
    reader = DayReader()
    assert read_days("11/05/2021", "11/05/2021", "05/05/2021", reader=reader) == [
        "2021-05-11",
        "2021-05-11",
        "2021-05-05",
    ]
    assert reader.misread == 0
    assert read_days("11/26/2021", "11/06/2021", reader=reader) == ["not_a_date", "month_first"]
    assert reader.misread == 2
    assert read_days("11/07/2021", reader=reader) == ["month_first"]
    assert read_days("26/11/2021", "11/07/2021", reader=reader) == ["2021-11-26", "2021-07-11"]
    assert reader.misread == 0
    reader = DayReader()
    read_days("26/11/2021", reader=reader)
    assert read_days("11/26/2021", "11/06/2021", reader=reader) == ["not_a_date", "2021-06-11"]
    assert reader.misread == 0


@given(
    st.dates(date(2020, 1, 1), date(2099, 12, 31)), st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%y", "%d.%m.%Y"])
)
def test_every_real_day_is_read_as_it_was_written(day, form):
    assert read_days(day.strftime(form)) == [day.isoformat()]


@given(st.integers(0, 40), st.integers(0, 15), st.integers(1990, 2050))
def test_only_real_days_are_read(day, month, year):
    try:
        expected = date(year, month, day).isoformat()
    except ValueError:
        expected = "not_a_date"
    assert read_days(f"{day}/{month}/{year}") == [expected]


def test_excels_day_numbers_count_from_the_end_of_1899():
    for number in (43831, 44526, 60000):
        assert read_days(str(number)) == [(date(1899, 12, 30) + timedelta(number)).isoformat()]


def read_moments(*values):
    moments, fault = parse_moments(texts(*values))
    fault = pd.Series(None, moments.index, dtype=object) if fault is None else fault
    assert moments.dtype == "datetime64[s, UTC]"
    return [
        rule if isinstance(rule, str) else moment.isoformat() if pd.notna(moment) else None
        for moment, rule in zip(moments, fault)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2021-11-26T14:05:00+07:00", "2021-11-26T07:05:00Z", "2021-11-26 14:05", "26/11/2021 14:05", "14:05 26/11/2021",
        "2021-11-26T14:05:00", "2021-11-26T05:05:00-02:00", "26/11/2021 14:05:00", "44526.586805556", "44526,586805556",
        "2021-11-26T12:35+0530", "2021-11-26 14:05:00 +07:00",
    ],
)  # fmt: skip
def test_moments_are_read_as_local_time_or_by_their_offset(text):
    assert read_moments(text, "") == ["2021-11-26T07:05:00+00:00", None]


def test_a_day_without_a_time_is_no_moment():
    assert read_moments("2021-11-26", "26/11/2021", "44526", "14:05", "26/11/2021 24:00", "sáng") == [
        "no_time", "no_time", "no_time", "not_a_moment", "not_a_moment", "not_a_moment",
    ]  # fmt: skip
    assert read_moments("11/26/2021 10:00", "11/05/2021 10:00") == ["not_a_moment", "month_first"]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters))),
)
def test_every_moment_with_an_offset_is_that_moment(moment, zone):
    there = moment.replace(tzinfo=zone)
    assert read_moments(there.isoformat()) == [there.astimezone(UTC).isoformat()]


def read_counts(*values, reader=None):
    counts, fault = (reader or NumberReader()).counts(texts(*values))
    fault = pd.Series(None, counts.index, dtype=object) if fault is None else fault
    assert counts.dtype == "Int64" and not (counts.notna() & fault.notna()).any()
    shown = fault.map({"not_a_count": "bad", "mixed_signs": "mixed"}).astype(object)
    return [
        rule if isinstance(rule, str) else None if pd.isna(count) else int(count) for count, rule in zip(counts, shown)
    ]


@pytest.mark.parametrize("text", ["1904", "1.904", "1,904", "1 904", "1\u00a0904", "1\u202f904", "0001904"])
def test_counts_are_read_with_any_grouping(text):
    assert read_counts(text, "", "5", "0") == [1904, None, 5, 0]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["1.904", "12.5"], ["bad", "bad"]),  # the sign is shown to be decimal
        (["12.0", "1.904", "7.00"], [12, "bad", 7]),
        (["12,0", "1.904", "1.904,0"], [12, 1904, 1904]),
        (["1.904", "1,904"], ["mixed", "mixed"]),  # one of the two is a decimal sign, and nothing shows which
        (["5", "1,904", "1.904", "2.000", "1 904"], [5, "mixed", "mixed", "mixed", 1904]),
        (["1.904", "1,904", "2.000.000"], [1904, "bad", 2000000]),
        (["1.904.000", "12.0"], [1904000, "bad"]),
        (["12.0", "1.904.000"], [12, "bad"]),
        (["1.904.000", "1.904", "12,0"], [1904000, 1904, 12]),
        (["0.904", "1.904"], ["bad", "bad"]),
        (["-5", "+5", "5-", "1.90.4", "12.", ".5", "1e3", "năm", "5 lượt", "1 90", "٥", "５"], ["bad"] * 12),
        (["999999999999999", "1000000000000000", "999.999.999.999.999"], [999999999999999, "bad", 999999999999999]),
        (["1.904", "1 904"], [1904, 1904]),
        (["9.999.999.999.999.999", "9 999 999 999 999 999"], ["bad", "bad"]),
    ],
)
def test_counts_are_read_by_the_columns_own_evidence(column, expected):
    assert read_counts(*column) == expected


def test_a_spreadsheets_decimal_is_never_taken_for_a_grouped_count():
    assert read_counts("1.904", "1.000", "12.0", "1,904", "5", reader=NumberReader(".")) == ["bad", "bad", 12, 1904, 5]


def test_what_one_chunk_shows_of_the_signs_holds_for_the_next():
    reader = NumberReader()
    assert read_counts("5", reader=reader) == [5]
    assert read_counts("12.0", reader=reader) == [12]
    assert read_counts("1.904", "1,904", reader=reader) == ["bad", 1904]
    assert reader.misread == 0


def test_counts_that_a_later_chunk_shows_to_be_read_amiss_are_told_of():
    reader = NumberReader()
    assert read_counts("1.904", "1.904", "5", reader=reader) == [1904, 1904, 5] and reader.misread == 0
    assert read_counts("12.0", "1,904", "2.000", reader=reader) == [12, 1904, "bad"]
    assert reader.misread == 2  # the sign is the decimal one
    reader = NumberReader()
    assert read_counts("1.904", reader=reader) == [1904] and reader.misread == 0
    assert read_counts("2.000", "1,904", reader=reader) == ["mixed", "mixed"] and reader.misread > 0
    reader = NumberReader()
    assert read_counts("1.904", reader=reader) == [1904]
    assert read_counts("12,0", "2.000", reader=reader) == [12, 2000] and reader.misread == 0


@given(st.lists(st.integers(0, 10**14), min_size=1), st.sampled_from(".,\u00a0 \u202f"))
def test_counts_grouped_by_one_sign_are_what_they_were(counts, sign):
    assert read_counts(*[f"{count:,}".replace(",", sign) for count in counts]) == counts


def read_numbers(*values, low=None, high=None, reader=None):
    numbers, bad = (reader or NumberReader()).numbers(texts(*values), low, high)
    assert numbers.dtype == "float64" and not (numbers.notna() & bad).any()
    return ["bad" if wrong else None if pd.isna(number) else number for number, wrong in zip(numbers, bad)]


def test_coordinates_are_read_with_either_decimal_sign():
    assert read_numbers("105,88", "105.88", "105.886", "105,886", "", "105", low=102, high=118) == [
        105.88, 105.88, 105.886, 105.886, None, 105,
    ]  # fmt: skip
    assert read_numbers("18.345", "18,345", "105.886", "-18.345", "0,000", low=6, high=24) == [
        18.345,
        18.345,
        105.886,
        -18.345,
        0,
    ]
    assert read_numbers("105.88621700000001", low=102, high=118) == [105.88621700000001]
    assert read_numbers("18°20'", "18.34.5", "N18.3", "1e1", "18. 3", low=6, high=24) == ["bad"] * 5
    assert read_numbers("1.904", "5.000", low=1000, high=9000) == [1904, 5000]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["1.904,5", "1.904", "0,25", "-3"], [1904.5, 1904, 0.25, -3]),
        (["1,904.5", "1.904", "1,904"], [1904.5, 1.904, 1904]),
        (["1.904"], ["bad"]),  # nothing shows which sign it is
        (["1.904.000", "1.904", "1 904,25"], [1904000, 1904, 1904.25]),
        (["0.5", "1,5", "1"], [0.5, "bad", 1]),
    ],
)
def test_numbers_are_read_by_the_columns_own_evidence(column, expected):
    assert read_numbers(*column) == expected


def test_a_known_decimal_sign_decides():
    assert read_numbers("1.904", "1,904", reader=NumberReader(".")) == [1.904, 1904]


def test_flags_are_read_in_both_languages():
    flags, bad = parse_flags(
        texts("Có", "KHÔNG", "co", "khong", "x", "", "1", "0", "Đạt", "không đạt", "yes", "No", "TRUE", "có lẽ")
    )
    assert flags.dtype == "boolean"
    assert flags[:-1].map({True: 1, False: 0}, na_action="ignore").fillna(-1).tolist() == [
        1,
        0,
        1,
        0,
        1,
        -1,
        1,
        0,
        1,
        0,
        1,
        0,
        1,
    ]
    assert bad.tolist() == [False] * 13 + [True]


def test_columns_without_rows_are_read():
    none = pd.Series([], dtype="str")
    assert all(len(read(none)[0]) == 0 for read in (parse_days, parse_moments, parse_flags, NumberReader().counts))
    assert all(len(series) == 0 for series in NumberReader().numbers(none, 6, 24))
