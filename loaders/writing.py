"""One load, one transaction: the run is logged, rows are checked and copied a chunk at a time, findings are kept."""

import getpass
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from geo import audit, db
from geo.errors import AccountError, DatabaseError, FileError, PhuqrError
from geo.schema import (
    admin_unit,
    boundary_vintage,
    inspection,
    load_finding,
    load_run,
    obligation,
    scan_day,
    scan_hour,
    venue,
    visit,
)
from geo.schema_tracing import visit_history
from geo.summaries import refresh
from loaders.checking import COLUMNS as FINDING_COLUMNS
from loaders.copying import Copier, copy_rows
from loaders.known_venues import KnownVenues
from loaders.personal import PersonalWatch, hide_in_rows
from loaders.reading import file_sha256

MAX_REFUSED = 0.05  # share of a file's rows that may be refused by the command and the page; above it nothing is loaded


@dataclass(frozen=True)
class Outcome:
    """What a load did, or would have done. rows_in = rows_loaded + rows_refused; rows_changed: new, or not as before.

    run: null for a dry run and for a file that was loaded before (same_as: by that run). error: why nothing was loaded.
    rows_taken_back: rows of before that a newer export no longer holds; rows_kept: such rows that stay, see scans.
    findings: as Findings.table(). refused: those rows as they came. communes: vintage, commune_code, loaded, refused,
    warned. restated: measure, before, after, summed over days and communes. measures: what else a kind has to tell.
    """

    kind: str
    file: str
    run: int | None = None
    same_as: int | None = None
    dry_run: bool = False
    error: str | None = None
    rows_in: int = 0
    rows_loaded: int = 0
    rows_refused: int = 0
    rows_changed: int = 0
    rows_taken_back: int = 0
    rows_kept: int = 0
    warnings: int = 0
    titles: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sample_removed: bool = False
    findings: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=FINDING_COLUMNS))
    refused: pd.DataFrame = field(default_factory=pd.DataFrame)
    communes: pd.DataFrame = field(default_factory=pd.DataFrame)
    restated: pd.DataFrame = field(default_factory=pd.DataFrame)

    def as_dict(self):
        """For JSON; the refused rows themselves are in the findings file only."""
        told = {name: value for name, value in self.__dict__.items() if name not in ("refused", "titles")}
        for name in ("findings", "communes", "restated"):
            told[name] = json.loads(told[name].to_json(orient="records", date_format="iso"))
        return told


@dataclass
class Writing:
    """What is at hand while a file is written: the transaction, the run, and COPY. Counts are filled in by the loader."""

    connection: sa.Connection
    source: object
    run: int
    copier: Copier
    max_refused: float
    changed: int = 0
    taken_back: int = 0
    kept: int = 0


class _Undone(Exception):
    """Leaves a transaction that is not to be kept, with its outcome."""


def read_or_log(kind, read, path, *args, options):
    """What `read` makes of a file; a file refused as it is read is kept in the run log, with the reason why.

    options: those of run_load that the load was called with.
    """
    path, actor = Path(path), options.get("actor")
    try:
        return read(path, *args)
    except FileError as error:
        if not options.get("dry_run"):
            with suppress(OSError):  # a file that cannot be opened was not handed over
                _log_refused_file(_describe(kind, path.name, file_sha256(path), actor=actor), error, actor)
        raise


def run_load(
    kind, source, loader, *, invented=False, settings=None, dry_run=False, max_refused=1.0, actor=None,
    progress=lambda step, rows=0, of=0: None,
):  # fmt: skip
    """Check a source and write its accepted rows, or nothing at all; the Outcome.

    loader(writing, ...) gives an object with check(rows) -> (Findings, prepared rows), write(prepared, accepted) and finish(),
    which may give warnings that only the whole file tells (late_warnings, or None for each rule).
    invented: the source is the sample; it is refused where real rows are. Real rows remove the sample's first.
    settings: how the file is read, beside its bytes. dry_run: all is done, then undone. max_refused: share of the rows.
    actor: geo.audit.Actor in whose name; progress(step, rows, of). A file refused as a whole is logged with its error.
    """
    own = actor.scope if actor else None
    settings = (settings or {}) | ({"map": source.mapping.text} if source.mapping else {})
    settings |= {"units": sorted(own.units)} if own else {}  # who may load other communes makes more of the same file
    actor = actor or audit.operator()
    described = _describe(kind, source.name, source.sha256, invented, settings, actor)
    told = {
        "kind": kind,
        "file": source.name,
        "titles": source.titles,
        "ignored": source.ignored,
        "notes": source.notes,
    }
    try:
        with db.loading() as connection:
            if invented and holds_real_rows(connection):
                raise DatabaseError("the database holds real rows; the sample is only for an empty one")
            same = None if dry_run or invented else _find_same(connection, described)
            if same:
                return Outcome(**told, same_as=same.id, rows_in=same.rows_in, rows_loaded=same.rows_loaded,
                               rows_refused=same.rows_refused, warnings=same.warnings)  # fmt: skip
            removed = not invented and kind not in ("boundaries", "aliases") and _remove_sample(connection)
            run = connection.scalar(load_run.insert().values(**described).returning(load_run.c.id))
            with Copier(connection) as copier:
                writing = Writing(connection, source, run, copier, max_refused)
                report = _Report(read_communes(connection))
                inside = _read_inside(connection, own) if own else None
                held = KnownVenues(connection) if own and kind == "venues" else None
                _write_chunks(writing, loader(writing), report, invented, inside, held, progress)
            if kind == "boundaries" and not invented and report.rows_loaded:
                removed = _remove_sketch(connection)
            refresh(connection)
            outcome = Outcome(
                **told | {"notes": (*source.notes, *report.notes)}, run=None if dry_run else run, dry_run=dry_run, sample_removed=removed,
                rows_changed=writing.changed, rows_taken_back=writing.taken_back, rows_kept=writing.kept,
                restated=_read_restated(connection, run), **report.counts(), **report.tables(),
            )  # fmt: skip
            error = _too_many_refused(outcome, max_refused)
            if error or dry_run:
                raise _Undone(outcome, error)
            _keep(connection, outcome, report)
            _record(connection, actor, outcome)
            progress("ghi", outcome.rows_in, outcome.rows_in)
    except _Undone as undone:
        outcome, error = undone.args
        if not error:
            return outcome
        outcome = Outcome(**outcome.__dict__ | {
            "error": error, "rows_loaded": 0, "rows_changed": 0, "rows_taken_back": 0, "rows_kept": 0, "sample_removed": False,
            "run": None if dry_run else _log_refused_file(described, error, actor, outcome, report),
        })  # fmt: skip
    except PhuqrError as error:
        if not dry_run:
            with suppress(DatabaseError):  # it may be the database that is away
                _log_refused_file(described, error, actor)
        raise
    return outcome


class _Whole:
    """A loader for rows that are checked and written all at once."""

    def __init__(self, writing, check, write):
        self._writing, self._check, self._write = writing, check, write

    def check(self, rows):
        return self._check(self._writing.connection, rows)

    def write(self, prepared, accepted):
        self._prepared, self._accepted = prepared, accepted

    def finish(self):
        writing = self._writing
        writing.changed = self._write(writing.connection, self._prepared, self._accepted, writing.run)


def run_whole_load(kind, source, check, write, **options):
    """As run_load, for a source of one chunk, such as a layer of polygons.

    check(connection, rows) gives Findings and what `write` needs; write(connection, prepared, accepted, run) returns how many
    rows it changed.
    """
    return run_load(kind, source, lambda writing: _Whole(writing, check, write), **options)


def _read_inside(connection, scope):
    """The unit numbers of the communes that an account of that scope may load rows of."""
    units = json.dumps([{"vintage": vintage, "code": code} for vintage, code in scope.units])
    inside = sa.text("""
        SELECT u.id
        FROM admin_unit u, resolve_scope(CAST(:units AS jsonb)) r
        WHERE u.level = 3 AND u.id <@ CAST(coalesce(r.inside, '{}') AS int4multirange)
    """)
    return connection.scalars(inside, {"units": units}).all()


def read_communes(connection):
    """vintage and commune_code by unit number."""
    columns = admin_unit.c.id, admin_unit.c.vintage, admin_unit.c.code
    found = connection.execute(sa.select(*columns).where(admin_unit.c.level == 3)).all()
    return (
        pd.DataFrame(found, columns=["unit", "vintage", "commune_code"]).set_index("unit").astype({"vintage": "Int64"})
    )


def _refuse_outside(findings, inside, held):
    """Refuse rows of communes out of an account's scope; a kind that is of no communes is of whole provinces.

    held: for a list of venues, the KnownVenues of before: one that lies outside is not to be moved inside either.
    """
    if findings.units is None:
        raise AccountError("tài khoản chỉ nạp được số liệu theo xã; địa giới được nạp bằng lệnh trên máy chủ")
    outside = (findings.units > 0) & ~np.isin(findings.units, inside)
    before = held.units(held.find(findings.rows["venue_code"])) if held else findings.units_before
    if before is not None:
        outside |= (before > 0) & ~np.isin(before, inside)
    column = next(
        (name for name in ("commune_code", "commune", "venue_code") if name in findings.headers), "commune_code"
    )
    findings.add(outside, column, "outside_scope")


def _write_chunks(writing, loader, report, invented, inside, held, progress):
    source = writing.source
    watch = PersonalWatch(source.name, source.headers)
    with ThreadPoolExecutor(1, "watch") as beside:
        for chunk in source.chunks():
            looked = None if invented else beside.submit(watch.look, chunk)
            findings, prepared = loader.check(source.canonical(chunk))
            if inside is not None:
                _refuse_outside(findings, inside, held)
            accepted = findings.accepted()
            if looked:
                looked.result()
            loader.write(prepared, accepted)
            report.take(chunk, findings, accepted)
            progress("kiểm tra", report.rows_in, source.size)
    progress("ghi", report.rows_in, source.size)
    writing.copier.wait()
    if report.rows_loaded:
        for late in loader.finish() or ():
            report.take_late(late)


def _too_many_refused(outcome, max_refused):
    if outcome.rows_in and not outcome.rows_loaded:
        return f"{outcome.file}: không có dòng nào được nạp; hãy sửa tệp rồi nạp lại"
    if not outcome.rows_in:
        return f"{outcome.file}: tệp không có dòng số liệu nào; hãy kiểm tra tệp"
    share = outcome.rows_refused / outcome.rows_in
    if share > max_refused:
        shown, limit = (f"{100 * part:.1f}".replace(".", ",") for part in (share, max_refused))
        return (
            f"{outcome.file}: {outcome.rows_refused}/{outcome.rows_in} dòng bị từ chối ({shown} %), quá mức {limit} %, "
            "nên chưa nạp dòng nào; hãy sửa tệp, hoặc ghi --max-refused với mức cao hơn"
        )
    return None


class _Report:
    """What was found in the chunks of one file so far."""

    def __init__(self, communes):
        """communes: vintage and commune_code by unit number."""
        self.rows_in = self.rows_loaded = 0
        self.notes, self._tables, self._refused = [], [], []
        self._communes = communes
        self._counts = np.zeros(
            (3, communes.index.max() + 1 if len(communes) else 1), dtype="i8"
        )  # loaded, refused, warned; unit

    def take(self, chunk, findings, accepted):
        self.rows_in += len(chunk)
        self.rows_loaded += int(accepted.sum())
        if not accepted.all():
            self._refused.append(hide_in_rows(chunk[~accepted], findings.headers, chunk))
        self.notes += findings.notes
        table, units, warned = findings.table(), findings.units, []
        if len(table):
            at = chunk.index.get_indexer(table["row"])
            warned = np.unique(at[~table["refused"].to_numpy(bool)])
            where = {} if units is None else self._communes.reindex(units[at]).set_axis(table.index)
            self._tables.append(table.assign(**where))
        if units is None:
            return
        for count, of in zip(self._counts, (units[accepted], units[~accepted], units[warned]), strict=True):
            count += np.bincount(of, minlength=len(count))

    def take_late(self, found):
        """Take over warnings that the whole file tells; found: as late_warnings, or None."""
        if found is None:
            return
        known = {row for table in self._tables for row in table.loc[~table["refused"].astype(bool), "row"]}
        first = found.drop_duplicates("row")
        units = first.loc[~first["row"].isin(known), "unit"]
        self._counts[2] += np.bincount(units, minlength=self._counts.shape[1])
        where = self._communes.reindex(found["unit"]).set_axis(found.index)
        self._tables.append(found.drop(columns="unit").assign(**where))

    def counts(self):
        return {
            "rows_in": self.rows_in, "rows_loaded": self.rows_loaded, "rows_refused": self.rows_in - self.rows_loaded,
            "warnings": sum(int((~table["refused"].astype(bool)).sum()) for table in self._tables),
        }  # fmt: skip

    def placed_findings(self):
        """The findings with vintage and commune_code of their rows, where these could be known."""
        if not self._tables:
            return pd.DataFrame(columns=FINDING_COLUMNS)
        return pd.concat(self._tables, ignore_index=True).sort_values("row", kind="stable", ignore_index=True)

    def tables(self):
        counts = pd.DataFrame(self._counts.T, columns=["loaded", "refused", "warned"])
        counts = counts[(counts > 0).any(axis=1) & counts.index.isin(self._communes.index)]
        communes = self._communes.join(counts, how="inner").sort_values(["vintage", "commune_code"], ignore_index=True)
        return {
            "findings": self.placed_findings()[FINDING_COLUMNS], "communes": communes,
            "refused": pd.concat(self._refused) if self._refused else pd.DataFrame(),
        }  # fmt: skip


# Kinds of load that a kind's rows are read against: after one of these the same file may say something else.
_READ_AGAINST = {
    "scans": ("boundaries", "unit-changes", "aliases", "venues"),
    "visits": ("boundaries", "unit-changes", "aliases", "venues"),
    "inspections": ("venues",),
    "assessments": ("boundaries", "unit-changes", "aliases", "register"),
}


def _find_same(connection, described):
    """The run that loaded this very file in this way, if nothing that it is read against was changed since."""
    same = load_run.c.error.is_(None) & sa.and_(
        *(load_run.c[name] == described[name] for name in ("kind", "sha256", "settings", "invented"))
    )
    found = connection.execute(sa.select(load_run).where(same).order_by(load_run.c.id.desc()).limit(1)).first()
    against = (found.kind, *_READ_AGAINST.get(found.kind, ("boundaries", "unit-changes", "aliases"))) if found else ()
    changed = load_run.c.rows_changed + load_run.c.rows_taken_back > 0
    since = sa.exists().where(load_run.c.id > found.id, changed, load_run.c.kind.in_(against)) if found else None
    return None if not found or connection.scalar(sa.select(since)) else found


def _keep(connection, outcome, report):
    """Findings and counts of a run that stands."""
    _keep_findings(connection, outcome.kind, outcome.run, report)
    counts = {name: getattr(outcome, name) for name in (
        "rows_in", "rows_loaded", "rows_refused", "rows_changed", "rows_taken_back", "warnings",
    )}  # fmt: skip
    finished = load_run.update().where(load_run.c.id == outcome.run)
    connection.execute(finished.values(finished_at=sa.func.clock_timestamp(), **counts))


def _keep_findings(connection, kind, run, report):
    table = report.placed_findings()
    if len(table):
        kept = table.drop(columns=["reason"]).assign(load_run=run)
        if kind == "visits":  # a value may tell of a case, to those who may not see cases
            kept["value"] = None
        stage = _make_stage(connection, load_finding, list(kept))
        copy_rows(connection.connection, stage.name, kept)
        connection.execute(load_finding.insert().from_select(list(kept), sa.select(*stage.c)))


def _record(connection, actor, outcome):
    said = f"{outcome.kind}, {outcome.file}: {outcome.rows_in} = {outcome.rows_loaded} + {outcome.rows_refused} (run {outcome.run})"
    audit.record(connection, actor, "load", said)


def _describe(kind, file_name, sha256, invented=False, settings=None, actor=None):
    return {
        "kind": kind, "file_name": file_name, "sha256": sha256, "invented": invented, "settings": settings or {},
        "loaded_by": actor.name if actor else getpass.getuser(),
    }  # fmt: skip


def _log_refused_file(described, error, actor=None, outcome=None, report=None):
    """Keep in the run log that a file was refused as a whole, and why; the run's number."""
    counts = {name: getattr(outcome, name) for name in ("rows_in", "rows_refused", "warnings")} if outcome else {}
    with db.loading() as connection:
        values = {**described, **counts, "finished_at": sa.func.now(), "error": str(error)}
        run = connection.scalar(load_run.insert().values(values).returning(load_run.c.id))
        if report:
            _keep_findings(connection, described["kind"], run, report)
        said = f"{described['kind']}, {described['file_name']}: refused as a whole"
        audit.record(connection, actor or audit.operator(), "load", said)
    return run


class Staged:
    """Rows on their way into a table that holds others: copied into a temporary table, then merged by their keys."""

    def __init__(self, writing, target, keys):
        """target: a Table of geo.schema with a unique constraint on `keys`."""
        self._writing, self._target, self._keys = writing, target, keys
        self.table = None  # made with the first rows, for their columns

    def put(self, rows):
        """Copy a frame of some of the target's columns."""
        if self.table is None:
            self._writing.copier.wait()
            self.table = _make_stage(self._writing.connection, self._target, list(rows.columns))
        self._writing.copier.put(self.table.name, rows)

    def merge(self):
        """Write what is new or not as before; how many rows that were."""
        self._writing.copier.wait()
        self._writing.connection.exec_driver_sql(f"ANALYZE {self.table.name}")
        return _merge(self._writing.connection, self._target, self._keys, self.table, self._writing.run)


def note_restated(staged, measure):
    """Note by how much the staged rows change a count that is known of their communes; the column is named as the measure."""
    writing = staged._writing
    writing.copier.wait()
    table = staged.table.name.removeprefix("stage_")
    note = sa.text(f"""
        INSERT INTO restatement (load_run, vintage, commune_code, measure, before, after)
        SELECT :run, t.vintage, t.commune_code, :measure, t.{measure}, s.{measure}
        FROM {table} t JOIN stage_{table} s USING (vintage, commune_code)
        WHERE t.{measure} <> s.{measure}
    """)
    writing.connection.execute(note, {"run": writing.run, "measure": measure})


def _make_stage(connection, target, columns):
    stage = f"stage_{target.name}"  # its columns are not constrained
    chosen = ", ".join(f'"{column}"' for column in columns)
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE {stage} ON COMMIT DROP AS SELECT {chosen} FROM {target.name} WITH NO DATA"
    )
    return sa.table(stage, *(sa.column(column) for column in columns))


def merge(connection, target, keys, rows, run):
    """Upsert a frame into a table; rows equal to what is there stay as they are. Returns how many were written."""
    stage = _make_stage(connection, target, list(rows.columns))
    copy_rows(connection.connection, stage.name, rows)
    return _merge(connection, target, keys, stage, run)


def _merge(connection, target, keys, stage, run):
    """A row of the sample that a real row equals becomes real."""
    columns = [column.name for column in stage.c]
    values = [column for column in columns if column not in keys]
    same = sa.and_(*(_equal(target.c[key], stage.c[key]) for key in keys))
    before = sa.tuple_(*(target.c[column] for column in values))
    after = sa.tuple_(*(stage.c[column] for column in values))
    claimed = _invented(target) & sa.exists().where(load_run.c.id == run, ~load_run.c.invented)
    changed = (
        sa.select(*stage.c, sa.literal(run))
        .select_from(stage.outerjoin(target, same))
        .where(target.c.load_run.is_(None) | before.is_distinct_from(after) | claimed)
    )
    adding = insert(target).from_select([*columns, "load_run"], changed)
    upsert = adding.on_conflict_do_update(
        index_elements=keys, set_={column: adding.excluded[column] for column in [*values, "load_run"]}
    )
    return connection.execute(upsert).rowcount


def _equal(column, other):
    return column.is_not_distinct_from(other) if column.nullable else column == other


def _invented(table):
    return table.c.load_run.in_(sa.select(load_run.c.id).where(load_run.c.invented))


def holds_real_rows(connection):
    """Whether any unit, venue, scan or row of the register is not the sample's."""
    tables = admin_unit, venue, obligation, scan_day
    return any(connection.scalar(sa.select(sa.exists().where(~_invented(table)))) for table in tables)


def _remove_sample(connection):
    """Delete the invented venues, what was found at them, and the register; whether there were any."""
    if not connection.scalar(sa.select(sa.exists().where(_invented(venue)) | sa.exists().where(_invented(obligation)))):
        return False
    tables = visit_history, visit, inspection, scan_hour, scan_day, venue, obligation
    removed = [connection.execute(table.delete().where(_invented(table))).rowcount for table in tables]
    return any(removed)


def _remove_sketch(connection):
    """Delete the sketched units that real ones did not replace, and the sample with them; those that real rows name stay."""
    sketched, inside = _invented(admin_unit), admin_unit.alias("inside")
    if not connection.scalar(sa.select(sa.exists().where(sketched, admin_unit.c.level == 3))):
        return False
    removed = _remove_sample(connection)
    unit = admin_unit.c.vintage, admin_unit.c.code
    needed = [
        sa.exists().where(table.c.vintage == unit[0], column == unit[1])
        for table, column in (
            (venue, venue.c.commune_code),
            (obligation, obligation.c.commune_code),
            (visit, visit.c.commune_code),
            (inside, inside.c.parent_code),
        )
    ]
    for level in (3, 2, 1):
        connection.execute(admin_unit.delete().where(sketched, admin_unit.c.level == level, ~sa.or_(*needed)))
    empty = ~sa.exists().where(admin_unit.c.vintage == boundary_vintage.c.id)
    connection.execute(boundary_vintage.delete().where(empty))
    return removed


def _read_restated(connection, run):
    """By measure: how many figures of communes and days came out otherwise, and their sums before and after."""
    read = sa.text("""
        SELECT measure, count(*) AS figures, CAST(sum(before) AS bigint) AS before, CAST(sum(after) AS bigint) AS after
        FROM restatement WHERE load_run = :run GROUP BY measure ORDER BY measure
    """)
    found = connection.execute(read, {"run": run})
    return pd.DataFrame(found.all(), columns=list(found.keys()))
