"""The figures of one vintage's communes on the communes of a later one, through the crosswalk between them."""

from geo.coverage import COUNTS, add_rates
from geo.crosswalk import carry_counts, read_changes


def convert_coverage(connection, found, vintage):
    """The rows of a Coverage by commune as they would be on the communes of a later Vintage.

    Returns a frame by code: COUNTS (Int64), the rates, `estimated` (whether a share was worked out from polygons). A count that is not
    known of one of the communes that a later one is made of is null there, and so are all of a commune that is partly made of
    others than those of `found`. Raises BoundaryError where it is not known what became of a commune with counts.
    """
    changes = read_changes(connection, found.vintage, vintage)
    counts = found.rows.set_index("code")[COUNTS]
    counts = counts[counts.notna().any(axis=1)]
    carried = carry_counts(counts.fillna(0).astype("int64"), changes)
    unknown = counts.isna().reindex(changes["from_code"], fill_value=True).set_axis(changes["to_code"])
    unknown = unknown.groupby(level=0).any().reindex(carried.index)
    rows = carried[COUNTS].astype("Int64").mask(unknown)
    return add_rates(rows).assign(estimated=carried["estimated"])


def later_vintages(vintages, vintage):
    """The vintages that figures of `vintage` can be carried to: those that begin after it."""
    return [each for each in vintages if each.valid_from > vintage.valid_from]
