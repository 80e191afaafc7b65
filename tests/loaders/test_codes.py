"""A table of codes answers as a dictionary does, whatever the texts and wherever they are cut."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.codes import CodeTable
from loaders.frames import TEXT

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.sampled_from(["a", "aa", "a" * 7, "a" * 8, "a" * 9, "a" * 64, "a" * 65, "ạ" * 40, "b" * 64, "", "42-000001", "42-0000010"]),
)  # fmt: skip


def series(texts):
    return pd.Series(pd.array(texts, dtype=TEXT), index=range(5, 5 + len(texts)))


@given(st.lists(st.tuples(st.booleans(), st.lists(TEXTS, max_size=40)), max_size=6))
def test_a_text_has_the_place_that_it_first_came_in(parts):
    table, known, size = CodeTable(), {}, 0
    for adding, texts in parts:
        if adding:
            wanted = [known.setdefault(text, size + place) for place, text in enumerate(texts)]
            assert table.add(series(texts)).tolist() == wanted
            size += len(texts)
        else:
            assert table.find(series(texts)).tolist() == [known.get(text, -1) for text in texts]
        assert len(table) == size


@pytest.mark.parametrize("step", [30_000, 7_000])
def test_many_texts_are_found_as_the_table_grows(step):
    codes = series([f"42-{number * 7919 % 100_003:0{6 + number % 3}d}" for number in range(30_000)])
    table = CodeTable()
    for first in range(0, len(codes), step):
        part = codes.iloc[first : first + step]
        assert (table.find(part) == -1).all()
        assert table.add(part).tolist() == list(range(first, first + len(part)))
    assert table.find(codes).tolist() == list(range(len(codes)))
    assert (table.find(codes + "x") == -1).all()


def test_texts_whose_hashes_are_one_are_told_apart(monkeypatch):
    monkeypatch.setattr("loaders.codes._hash", lambda words: words[:, 0] * 0)
    table = CodeTable()
    assert table.add(series(["b", "a", "b", "c"])).tolist() == [0, 1, 0, 3]
    assert table.find(series(["c", "d", "a"])).tolist() == [3, -1, 1]


def test_slices_and_other_text_types_are_read_as_they_are():
    table = CodeTable()
    table.add(series(["x", "V1", "V22", "y"]).iloc[1:3])
    for texts in (pd.Series(["V22", "V1", "x"], dtype=object), series(["q", "V22", "V1", "x"]).iloc[1:]):
        assert table.find(texts).tolist() == [1, 0, -1]
