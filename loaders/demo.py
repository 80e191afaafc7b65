"""The sample province loaded as any province is: through the loaders, its runs marked as invented."""

from datetime import date

import pandas as pd
import sqlalchemy as sa

from geo import db
from geo.accounts import add_account, list_accounts
from geo.audit import operator
from geo.schema import load_run
from loaders import sample
from loaders.boundaries import COLUMNS as BOUNDARY_COLUMNS
from loaders.boundaries import load_boundary_rows
from loaders.reading import make_source
from loaders.register import COLUMNS as REGISTER_COLUMNS
from loaders.register import load_register_rows
from loaders.sample_visits import sample_hours, sample_visits
from loaders.scans import COLUMNS as SCAN_COLUMNS
from loaders.scans import VENUE_HOUR_COLUMNS, load_scan_rows
from loaders.venues import COLUMNS as VENUE_COLUMNS
from loaders.venues import load_venue_rows
from loaders.visits import COLUMNS as VISIT_COLUMNS
from loaders.visits import load_visit_rows
from loaders.writing import holds_real_rows

VINTAGE = date(2021, 11, 1)
ORIGIN = "phác họa từ tâm các xã"
# Role -> the unit whose rows its account sees: Hà Tĩnh, Huyện Đức Thọ, Xã Quang Vĩnh.
SEATS = {"leader": "42", "district": "440", "commune": "18235", "data": "42", "health": "42", "admin": "42"}


def load_sample(progress=lambda step, rows=0, of=0: None):
    """Load boundaries, register, venues, scans (by the hour, by the day) and visits of the sample; the outcomes, in that order."""
    options = {"invented": True, "progress": progress}
    units = sample.sample_boundaries()
    source = _source("boundaries", pd.DataFrame(units.drop(columns="geometry")), BOUNDARY_COLUMNS)
    polygons = units.geometry.set_axis(pd.RangeIndex(2, len(units) + 2))
    return [
        load_boundary_rows(source, polygons, VINTAGE, ORIGIN, **options),
        load_register_rows(_source("register", sample.sample_register(), REGISTER_COLUMNS), VINTAGE, **options),
        load_venue_rows(_source("venues", sample.sample_venues(), VENUE_COLUMNS), **options),
        load_scan_rows(_source("scans by the hour", sample_hours(), VENUE_HOUR_COLUMNS), **options),
        load_scan_rows(_source("scans", sample.sample_scans(), SCAN_COLUMNS), **options),
        load_visit_rows(_source("visits", sample_visits(), VISIT_COLUMNS), **options),
    ]


def issue_accounts():
    """One account per role, for the sample's first start where nobody may sign in yet: (name, role, unit, password) each."""
    actor = operator()
    if list_accounts(actor):
        return []
    return [(role, role, unit, add_account(actor, role, role, [unit])) for role, unit in SEATS.items()]


def wants_sample():
    """Whether the database is empty: it holds no real rows, and the sample was not loaded to its end, the visits."""
    with db.loading() as connection:
        whole = sa.exists().where(load_run.c.invented, load_run.c.kind == "visits", load_run.c.error.is_(None))
        return not holds_real_rows(connection) and not connection.scalar(sa.select(whole))


def _source(kind, rows, columns):
    """A frame as if it had been read from a file: text, "" where nothing is known, rows numbered from 2."""
    text = rows.astype(object).where(rows.notna(), "").astype("str").set_axis(pd.RangeIndex(2, len(rows) + 2))
    headers = {title: title for title in text}
    return make_source(f"sample {kind}", "sample", text.reindex(columns=list(columns), fill_value=""), headers)
