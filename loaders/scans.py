"""Scans per venue and day, as the QR system reports them; a later file restates the days it holds."""

import pandas as pd
import sqlalchemy as sa

from geo.schema import load_run, scan_day, venue
from loaders.checking import Findings, parse_counts, parse_days, require
from loaders.reading import read_table
from loaders.writing import merge, read_or_log, run_load

COLUMNS = {
    "venue_code": (True, ("Mã địa điểm", "Mã điểm", "Mã QR")),
    "day": (True, ("Ngày", "Ngày quét")),
    "scans": (True, ("Số lượt quét", "Lượt quét")),
    "people": (True, ("Số người", "Số người quét")),
}


def load_scans(path, **options):
    """Load a file of scans; rows of venues that are not loaded are refused."""
    return load_scan_rows(read_or_log("scans", read_table, path, COLUMNS), **options)


def load_scan_rows(source, invented=False, **options):
    """The same for rows already read."""

    def check(connection, source):
        findings = Findings(source.rows, source.headers)
        rows = source.rows
        require(findings, "venue_code")
        days = parse_days(findings, "day")
        scans, people = parse_counts(findings, "scans"), parse_counts(findings, "people")
        findings.add((people > scans).fillna(False), "people", "people_above_scans")
        keys = pd.DataFrame({"code": rows["venue_code"], "day": days})
        findings.add(keys.duplicated() & keys.notna().all(axis=1), "day", "duplicate")
        venues = _find_venues(connection, rows["venue_code"], invented)
        venues = venues.reindex(rows["venue_code"]).set_axis(rows.index)
        findings.communes = venues[["vintage", "commune_code"]]
        findings.add(venues["id"].isna() & (rows["venue_code"] != ""), "venue_code", "unknown_venue")
        early = (days < venues["created_on"]) & (scans > 0).fillna(False)
        findings.add(early, "day", "before_creation", refused=False)
        return findings, pd.DataFrame({
            "day": days, "venue_id": venues["id"], "unit": venues["unit"], "scans": scans, "people": people,
        })  # fmt: skip

    def write(connection, rows, accepted, run):
        rows = rows[accepted]
        for month in rows["day"].dt.to_period("M").unique():
            connection.execute(sa.select(sa.func.add_scan_month(month.start_time.date())))
        return merge(connection, scan_day, ["day", "venue_id"], rows, run)

    return run_load("scans", source, check, write, invented=invented, **options)


def _find_venues(connection, codes, invented):
    """id, created_on, vintage, commune_code and unit of the venues of these codes, indexed by code.

    The sample's venues only for the sample's scans.
    """
    known = (
        sa.select(venue.c.code, venue.c.id, venue.c.created_on, venue.c.vintage, venue.c.commune_code, venue.c.unit)
        .join(load_run, load_run.c.id == venue.c.load_run)
        .where(
            load_run.c.invented == invented,
            venue.c.code == sa.any_(sa.literal(list(codes.unique()), sa.ARRAY(sa.Text))),
        )
    )
    result = connection.execute(known)
    found = pd.DataFrame(result.all(), columns=list(result.keys())).set_index("code")
    return found.astype({"id": "Int64", "created_on": "datetime64[s]", "vintage": "Int64", "unit": "Int64"})
