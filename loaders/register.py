"""The register (diện phải tạo): venues that must have a QR code, as counts by commune and group or one organisation a row."""

import pandas as pd
import sqlalchemy as sa

from geo.errors import FileError
from geo.names import strip_marks
from geo.schema import obligation, organisation, venue_kind
from loaders.checking import Findings, Seen, read_counts, refuse_misread, refuse_repeated, require, translate
from loaders.places import PLACE_COLUMNS, Places, choose_vintage, open_placed
from loaders.values import NumberReader
from loaders.venues import read_kinds
from loaders.writing import Staged, read_or_log, run_load

COLUMNS = {
    **PLACE_COLUMNS,
    "obligation_group": (False, ("Nhóm", "Nhóm đối tượng", "group")),
    "kind": (False, ("Loại hình", "Loại địa điểm")),
    "organisation": (False, ("Cơ quan, đơn vị, cơ sở", "Tên đơn vị", "Cơ quan chủ quản")),
    "obliged": (False, ("Số địa điểm phải tạo", "Số điểm phải tạo", "Diện phải tạo")),
}

COUNT_COLUMNS = {name: COLUMNS[name] for name in (*PLACE_COLUMNS, "obligation_group", "obliged")}
ORGANISATION_COLUMNS = {
    name: COLUMNS[name] for name in ("organisation", *PLACE_COLUMNS, "kind", "obligation_group", "obliged")
}


def load_register(path, vintage=None, mapping=None, **options):
    """Load a register of counts, or of organisations; `vintage` (its first day) is needed where more than one is known."""
    return load_register_rows(read_or_log("register", _open, path, mapping, options=options), vintage, **options)


def load_register_rows(source, vintage=None, **options):
    """The same for rows already read."""
    settings = {"vintage": vintage.isoformat()} if vintage else {}
    loader = _Organisations if "organisation" in source.headers else _Counts
    return run_load("register", source, lambda writing: loader(writing, vintage), settings=settings, **options)


def _open(path, mapping):
    source = open_placed(path, COLUMNS, mapping)
    if not source.headers.keys() & {"obligation_group", "kind"}:
        raise FileError(f"{source.name}: thiếu cột; cần obligation_group (Nhóm) hoặc kind (Loại hình)")
    if not source.headers.keys() & {"obliged", "organisation"}:
        raise FileError(
            f"{source.name}: thiếu cột; cần obliged (Số địa điểm phải tạo), hoặc organisation (Tên đơn vị) mỗi dòng một đơn vị"
        )
    return source


_GROUP = ["vintage", "commune_code", "obligation_group"]
# Organisations of before in the file's communes and groups: whether it names them, and whether it does in another group.
_HELD = """
    SELECT o.vintage, o.commune_code, o.obligation_group, o.name,
           bool_or(s.obligation_group IS NOT DISTINCT FROM o.obligation_group) AS named, bool_or(s.name IS NOT NULL) AS moved
    FROM organisation o
    LEFT JOIN stage_organisation s USING (vintage, commune_code, name)
    WHERE (o.vintage, o.commune_code) IN (SELECT vintage, commune_code FROM stage_organisation)
      AND o.obligation_group IN (SELECT obligation_group FROM stage_organisation)
    GROUP BY o.vintage, o.commune_code, o.obligation_group, o.name
"""


class _Rows:
    """What both forms of the register share: where a row is, and its group, told or known from its kind."""

    def __init__(self, writing, vintage):
        self._writing, self._headers = writing, writing.source.headers
        self._places = Places(writing, choose_vintage(writing.connection, vintage))
        self._kinds = read_kinds(writing.connection)
        groups = writing.connection.execute(sa.select(venue_kind.c.code, venue_kind.c.obligation_group))
        self._group_of = dict(groups.all())
        self._counts = NumberReader(writing.source.decimals.get(self._headers.get("obliged")))
        self._seen = Seen()

    def _check_place_and_group(self, rows):
        findings = Findings(rows, self._headers)
        placed = self._places.place(findings)
        kind = translate(rows["kind"], lambda text: self._kinds.get(strip_marks(text)))
        findings.add(kind.isna() & (rows["kind"] != ""), "kind", "unknown_kind", refused=False)
        group = rows["obligation_group"].str.upper()
        told = group != ""
        group = group.where(told, kind.map(self._group_of).astype("str").fillna(""))
        findings.add(
            told & ~group.isin(set(filter(None, self._group_of.values()))), "obligation_group", "unknown_group"
        )
        findings.add(~told & (group == ""), "obligation_group", "missing")
        where = {"vintage": placed.vintages, "commune_code": placed.codes, "obligation_group": group}
        return findings, placed, kind, where


class _Counts(_Rows):
    def __init__(self, writing, vintage):
        super().__init__(writing, vintage)
        self._rows = []

    def check(self, rows):
        findings, placed, kind, where = self._check_place_and_group(rows)
        obliged = read_counts(findings, "obliged", self._counts)
        key = where["obligation_group"] + " " + kind.astype("str").fillna("")
        keys = pd.Series(placed.units, index=rows.index).astype("str") + " " + key
        refuse_repeated(findings, self._seen, keys, placed.units > 0, "obligation_group")
        return findings, pd.DataFrame({**where, "obliged": obliged}, index=rows.index)

    def write(self, prepared, accepted):
        self._rows.append(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source, counts={"obliged": self._counts})
        total = pd.concat(self._rows).groupby(_GROUP, as_index=False)["obliged"].sum()  # a file may count by kind
        write_obligations(self._writing, total)


class _Organisations(_Rows):
    def __init__(self, writing, vintage):
        super().__init__(writing, vintage)
        self._staged = Staged(writing, organisation, [*_GROUP, "name"])
        self._rows, self._refused = [], []

    def check(self, rows):
        findings, placed, kind, where = self._check_place_and_group(rows)
        named = require(findings, "organisation")
        told = "obliged" in self._headers
        obliged = read_counts(findings, "obliged", self._counts, required=told) if told else 1
        keys = (
            pd.Series(placed.units, index=rows.index).astype("str")
            + " "
            + where["obligation_group"]
            + " "
            + rows["organisation"]
        )
        refuse_repeated(findings, self._seen, keys, named & (placed.units > 0), "organisation")
        columns = {**where, "name": rows["organisation"], "kind": kind, "obliged": obliged}
        prepared = pd.DataFrame(columns, index=rows.index)
        # without kinds in the file, those that an earlier one told stay
        return findings, prepared if "kind" in self._headers else prepared.drop(columns="kind")

    def write(self, prepared, accepted):
        self._rows.append(prepared.loc[accepted, _GROUP].drop_duplicates())
        refused = prepared.loc[~accepted & prepared["commune_code"].notna(), ["vintage", "commune_code", "name"]]
        self._refused += refused.itertuples(index=False, name=None)
        self._staged.put(prepared[accepted])

    def finish(self):
        refuse_misread(self._writing.source, counts={"obliged": self._counts})
        self._writing.copier.wait()
        touched = pd.concat([*self._rows, self._take_back()]).drop_duplicates()
        changed = self._staged.merge()
        named = sa.tuple_(*(organisation.c[column] for column in _GROUP))
        total = (
            sa.select(*named.clauses, sa.func.sum(organisation.c.obliged).label("obliged"))
            .where(named.in_(list(touched.itertuples(index=False, name=None))))
            .group_by(*named.clauses)
        )
        found = pd.DataFrame(self._writing.connection.execute(total).all(), columns=[*_GROUP, "obliged"])
        found = touched.merge(found, "left", _GROUP).fillna({"obliged": 0}).astype({"obliged": "Int64"})
        write_obligations(self._writing, found)
        self._writing.changed = changed

    def _take_back(self):
        """Delete organisations that the file has in another group, and those that a newer register evidently no longer holds.

        Told of the communes and groups that the file holds only. Evidently, as for scans: it has all but max_refused of them; a
        part of a register has fewer, and what it lacks then stays, counted in `kept`. Returns vintage, commune_code and
        obligation_group of what was deleted.
        """
        writing = self._writing
        found = pd.DataFrame(
            writing.connection.execute(sa.text(_HELD)).all(), columns=[*_GROUP, "name", "named", "moved"]
        )
        names = pd.MultiIndex.from_frame(found[["vintage", "commune_code", "name"]])
        lacking = ~found["named"] & ~found["moved"] & ~names.isin(self._refused)
        gone = found["moved"] & ~found["named"] & ~names.isin(self._refused)
        if 0 < lacking.sum() <= writing.max_refused * len(found) < len(found):
            gone |= lacking
        else:
            writing.kept = int(lacking.sum())
        rows = found.loc[gone, [*_GROUP, "name"]]
        if len(rows):
            key = sa.tuple_(*(organisation.c[column] for column in rows))
            listed = list(rows.itertuples(index=False, name=None))
            writing.taken_back = writing.connection.execute(organisation.delete().where(key.in_(listed))).rowcount
        return rows[_GROUP]


def write_obligations(writing, rows):
    """Merge counts by commune and group into the register, and note those that were otherwise before."""
    staged = Staged(writing, obligation, _GROUP)
    staged.put(rows)
    writing.copier.wait()
    writing.connection.execute(sa.text(_NOTE_RESTATED), {"run": writing.run})
    writing.changed = staged.merge()
    if writing.changed:
        writing.connection.execute(sa.select(sa.func.analyze_facts("obligation")))


_NOTE_RESTATED = """
    INSERT INTO restatement (load_run, vintage, commune_code, measure, before, after)
    SELECT :run, vintage, commune_code, 'obliged', sum(o.obliged), sum(coalesce(s.obliged, o.obliged))
    FROM obligation o
    FULL JOIN stage_obligation s USING (vintage, commune_code, obligation_group)
    WHERE (vintage, commune_code) IN (SELECT vintage, commune_code FROM stage_obligation)
    GROUP BY vintage, commune_code
    HAVING sum(o.obliged) <> sum(coalesce(s.obliged, o.obliged))
"""
