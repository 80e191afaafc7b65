"""Inhabitants and households by commune."""

import pandas as pd
import sqlalchemy as sa

from geo.schema import population
from loaders.checking import Findings, Seen, read_counts, refuse_misread, refuse_repeated
from loaders.places import PLACE_COLUMNS, Places, choose_vintage, open_placed
from loaders.values import NumberReader
from loaders.writing import Staged, note_restated, read_or_log, run_load

COLUMNS = {
    **PLACE_COLUMNS,
    "population": (True, ("Dân số", "Số dân", "Số nhân khẩu")),
    "households": (False, ("Số hộ", "Số hộ dân", "Hộ")),
}


def load_population(path, vintage=None, mapping=None, **options):
    """Load a file of inhabitants; `vintage` (its first day) is needed where more than one is known."""
    source = read_or_log("population", open_placed, path, COLUMNS, mapping, options=options)
    settings = {"vintage": vintage.isoformat()} if vintage else {}
    return run_load("population", source, lambda writing: _Population(writing, vintage), settings=settings, **options)


class _Population:
    def __init__(self, writing, vintage):
        self._writing, source = writing, writing.source
        self._places, self._seen = Places(writing, choose_vintage(writing.connection, vintage)), Seen()
        self._counts = {
            name: NumberReader(source.decimals.get(source.headers.get(name))) for name in ("population", "households")
        }
        self._staged = Staged(writing, population, ["vintage", "commune_code"])
        held = sa.select(population.c.vintage, population.c.commune_code, population.c.households)
        self._held = {(vintage, code): count for vintage, code, count in writing.connection.execute(held)}

    def check(self, rows):
        findings = Findings(rows, self._writing.source.headers)
        placed = self._places.place(findings)
        refuse_repeated(findings, self._seen, placed.units, placed.units > 0, "commune")
        people = read_counts(findings, "population", self._counts["population"])
        households = read_counts(findings, "households", self._counts["households"], required=False)
        told = "households" in self._writing.source.headers
        if not told:  # those that an earlier file told stay
            held = [self._held.get(key) for key in zip(placed.vintages.tolist(), placed.codes, strict=True)]
            households = pd.Series(held, index=rows.index, dtype="Int64")
        above = (households > people).fillna(False)
        findings.add(above, "households" if told else "population", "households_above_population")
        where = {"vintage": placed.vintages, "commune_code": placed.codes}
        return findings, pd.DataFrame({**where, "population": people, "households": households}, index=rows.index)

    def write(self, prepared, accepted):
        self._staged.put(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source, counts=self._counts)
        note_restated(self._staged, "population")
        self._writing.changed = self._staged.merge()
