"""Names of communes that a person has confirmed for good, so that the next file with them needs nobody."""

import numpy as np
import pandas as pd
import sqlalchemy as sa

from geo.names import fold
from geo.schema import admin_unit, unit_alias
from loaders.checking import Findings, Seen, refuse_repeated, require
from loaders.places import PLACE_COLUMNS, Places, choose_vintage, open_placed
from loaders.writing import Staged, read_or_log, run_load

COLUMNS = {"alias": (True, ("Tên trong tệp", "Cách gọi khác", "Tên gọi khác")), **PLACE_COLUMNS}


def load_aliases(path, vintage=None, mapping=None, **options):
    """Load a file of names and the communes that they mean; `vintage` (its first day) is needed where more are known."""
    source = read_or_log("aliases", open_placed, path, COLUMNS, mapping, options=options)
    settings = {"vintage": vintage.isoformat()} if vintage else {}
    return run_load("aliases", source, lambda writing: _Aliases(writing, vintage), settings=settings, **options)


class _Aliases:
    def __init__(self, writing, vintage):
        self._writing = writing
        self._places, self._seen = Places(writing, choose_vintage(writing.connection, vintage)), Seen()
        self._staged = Staged(writing, unit_alias, ["vintage", "district_code", "alias"])
        held = sa.select(unit_alias.c.vintage, unit_alias.c.district_code, unit_alias.c.alias, admin_unit.c.id).join(
            admin_unit,
            sa.and_(admin_unit.c.vintage == unit_alias.c.vintage, admin_unit.c.code == unit_alias.c.commune_code),
        )
        self._held = {tuple(key): unit for *key, unit in writing.connection.execute(held)}

    def check(self, rows):
        findings = Findings(rows, self._writing.source.headers)
        named = require(findings, "alias")
        placed = self._places.place(findings)
        alias = rows["alias"].map(fold)
        district = pd.Series(self._places.parents(placed), index=rows.index)
        official = np.array(
            [self._places.names(*each) for each in zip(placed.vintages, district, rows["alias"], strict=True)]
        )
        findings.add(official & (placed.units > 0), "alias", "official_name")
        keys = zip(placed.vintages.tolist(), district, alias, strict=True)
        findings.units_before = np.array(
            [self._held.get(key, 0) for key in keys], "i8"
        )  # what the name has meant so far
        refuse_repeated(findings, self._seen, district + " " + alias, named & (placed.units > 0), "alias")
        return findings, pd.DataFrame({
            "vintage": placed.vintages, "district_code": district, "alias": alias, "commune_code": placed.codes,
        }, index=rows.index)  # fmt: skip

    def write(self, prepared, accepted):
        self._staged.put(prepared[accepted])

    def finish(self):
        self._writing.changed = self._staged.merge()
