"""Coverage of all that a reader sees at once, be it the country: the sums of its provinces, each counted as by itself."""

from dataclasses import replace

import pandas as pd

from geo.coverage import COUNTS, add_rates, read_coverage
from geo.units import WHOLE, Unit


def read_whole(connection, window, by="commune", group=None):
    """Coverage of all in scope in `window`, by "commune", "district" or "province"; its unit has the code WHOLE and no name.

    Of a province without venues, without scans in the window, or with venues of other boundaries than those in force at the
    window's end, what that leaves unknown is null, as geo.coverage.read_coverage has it. total: the sum of the provinces of which
    both are known. rows has a column `known` more: whether its province is one of these. scans_until: the last day anywhere.
    """
    found = read_coverage(connection, None, window, by, group)
    rows = found.rows.assign(known=(found.rows["created"].notna() & found.rows["active"].notna()).to_numpy())
    sums = rows.loc[rows["known"], COUNTS].sum(min_count=1)
    total = add_rates(pd.DataFrame([sums]).astype({count: "Int64" for count in COUNTS})).iloc[0]
    total = pd.concat([pd.Series({"code": WHOLE, "name": "", "level": 0, "parent_code": None}), total])
    return replace(found, unit=Unit(WHOLE, 0, "", None, 0, True), rows=rows, total=total)
