"""Agencies to rectify: whose venues were visited by traced cases without a scan, and what became of it since it was told."""

import pandas as pd

from geo.db import statement
from geo.schema_tracing import RECTIFICATION_STATES
from geo.tracing import KINDS, find_place


def read_agencies(connection, unit_code, window):
    """The agencies of a unit with a gap in a window, those that are open first, then the largest gap.

    agency: the organisation, or the venue's own name where none is told; told: it is an organisation. venues: their numbers; codes,
    communes: of these. a, b, c, covered: declared visits; missed: a + b + c. last_day: of such a visit. state: the least of its venues',
    open where nothing was answered or visits were told since; note, decided_at, account: of the last answer, null without.
    """
    place = find_place(connection, unit_code, window.last)
    found = connection.execute(statement("read_agencies"), {**place.asked, "first": window.first, "last": window.last})
    venues = pd.DataFrame(found.all(), columns=list(found.keys()))
    state = venues["state"].where(~venues["reopened"].astype(bool)).fillna("open")
    venues = venues.assign(
        told=venues["organisation"].notna(),
        agency=venues["organisation"].fillna(venues["name"]),
        # Two venues of one name are two agencies, those of one organisation one
        key=venues["organisation"].fillna(venues["venue_code"]),
        missed=venues[["a", "b", "c"]].sum(axis=1),
        step=state.map(RECTIFICATION_STATES.index).astype(int),
    )
    # Of several answers the last: first skips what is null, which is all there is of a venue without any
    grouped = venues.sort_values(["decided_at", "venue_code"], ascending=[False, True]).groupby(["told", "key"], sort=False)
    agencies = grouped.agg(
        agency=("agency", "first"), venues=("venue_id", list), codes=("venue_code", list), communes=("commune_code", set),
        **{name: (name, "sum") for name in (*KINDS, "missed")}, last_day=("last_day", "max"), step=("step", "min"),
        **{name: (name, "first") for name in ("note", "decided_at", "account")},
    ).reset_index()  # fmt: skip
    agencies = agencies.sort_values(["step", "missed", "agency"], ascending=[True, False, True], ignore_index=True)
    agencies.insert(0, "state", agencies["step"].map(dict(enumerate(RECTIFICATION_STATES))))
    return agencies.drop(columns=["key", "step"])
