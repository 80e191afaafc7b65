"""The register (diện phải tạo): how many venues of each obligation group must have a QR code, commune by commune."""

import pandas as pd
import sqlalchemy as sa

from geo.schema import obligation, venue_kind
from loaders.checking import Findings, match_communes, parse_counts, require
from loaders.places import PLACE_COLUMNS, choose_vintage, read_placed_table
from loaders.writing import merge, read_or_log, run_load

COLUMNS = {
    **PLACE_COLUMNS,
    "obligation_group": (True, ("Nhóm", "Nhóm đối tượng", "group")),
    "obliged": (True, ("Số địa điểm phải tạo", "Số điểm phải tạo", "Diện phải tạo")),
}


def load_register(path, vintage=None, **options):
    """Load a register of counts; `vintage` (its first day) is needed where more than one is known."""
    return load_register_rows(read_or_log("register", read_placed_table, path, COLUMNS), vintage, **options)


def load_register_rows(source, vintage=None, **options):
    """The same for rows already read."""

    def check(connection, source):
        chosen, units = choose_vintage(connection, vintage)
        findings = Findings(source.rows, source.headers)
        vintages = pd.Series(chosen.id, index=source.rows.index)
        codes = match_communes(findings, vintages, {chosen.id: units})
        require(findings, "obligation_group")
        groups = source.rows["obligation_group"].str.upper()
        known = set(connection.scalars(sa.select(venue_kind.c.obligation_group).distinct()))
        findings.add(~groups.isin(known) & (groups != ""), "obligation_group", "unknown_group")
        obliged = parse_counts(findings, "obliged")
        rows = pd.DataFrame(
            {"vintage": vintages, "commune_code": codes, "obligation_group": groups, "obliged": obliged}
        )
        findings.add(
            rows.duplicated(["commune_code", "obligation_group"]) & codes.notna(), "obligation_group", "duplicate"
        )
        return findings, rows

    def write(connection, rows, accepted, run):
        return merge(connection, obligation, ["vintage", "commune_code", "obligation_group"], rows[accepted], run)

    return run_load("register", source, check, write, **options)
