"""Which rows repeat an earlier one, chunk by chunk."""

import numpy as np
import pandas as pd
import pytest

from loaders.checking import Seen


@pytest.mark.parametrize("as_keys", [np.asarray, lambda keys: pd.Series(keys).astype("str")], ids=["numbers", "texts"])
@pytest.mark.parametrize(
    "order", [lambda keys: keys, np.sort, lambda keys: np.sort(keys)[::-1]], ids=["mixed", "up", "down"]
)
def test_a_key_is_repeated_from_its_second_row_on_wherever_the_chunks_are_cut(as_keys, order):
    rng = np.random.default_rng(20211126)
    for size in (0, 1, 2, 40, 400):
        keys = order(rng.integers(-5, max(size, 2) // 2 + 1, size))
        seen = Seen()
        parts = np.split(keys, np.sort(rng.integers(0, size + 1, 5)))
        found = np.concatenate([seen.repeated(as_keys(part)) for part in parts])
        assert found.tolist() == pd.Series(keys).duplicated().tolist()
