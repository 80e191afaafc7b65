"""One load, one transaction: the run is logged, rows are staged with COPY and merged, findings are kept."""

import getpass
import io
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from geo import audit, db
from geo.errors import DatabaseError, FileError, PhuqrError
from geo.schema import admin_unit, boundary_vintage, load_finding, load_run, obligation, scan_day, venue
from loaders.reading import file_sha256


@dataclass(frozen=True)
class Outcome:
    """What a load did. rows_in = rows_loaded + rows_refused; of the loaded, `rows_changed` were new or other than before.

    findings: as Findings.table(); ignored: headers left unread; sample_removed: the invented rows made way.
    """

    run: int
    kind: str
    file: str
    rows_in: int
    rows_loaded: int
    rows_refused: int
    rows_changed: int
    warnings: int
    ignored: tuple[str, ...]
    sample_removed: bool
    findings: pd.DataFrame

    def as_dict(self):
        return asdict(self) | {"findings": self.findings.to_dict("records")}


def read_or_log(kind, read, path, *columns):
    """What `read` makes of a file; a file refused as it is read is kept in the run log, with the reason why."""
    path = Path(path)
    try:
        return read(path, *columns)
    except FileError as error:
        with suppress(OSError):  # a file that cannot be opened was not handed over
            _log_refused_file(_describe(kind, path.name, file_sha256(path)), error)
        raise


def run_load(kind, source, check, write, invented=False, progress=lambda step: None):
    """Check a source and write its accepted rows, or nothing at all.

    check(connection, source) returns Findings and what `write` needs; write(connection, prepared, accepted, run)
    returns how many rows it changed. A file refused as a whole is logged with its error in a transaction of its own.
    invented: the source is the sample; it is refused where real rows are. Real rows remove the sample's, and real
    boundaries what they did not replace of its sketch.
    """
    described = _describe(kind, source.name, source.sha256, invented)
    try:
        with db.loading() as connection:
            progress("kiểm tra")
            if invented and holds_real_rows(connection):
                raise DatabaseError("the database holds real rows; the sample is only for an empty one")
            run = connection.scalar(load_run.insert().values(**described).returning(load_run.c.id))
            findings, prepared = check(connection, source)
            accepted, table = findings.accepted(), findings.table()
            progress("ghi")
            changed = write(connection, prepared, accepted, run)
            remove = _remove_sketch if kind == "boundaries" else _remove_sample
            removed = not invented and bool(accepted.any()) and remove(connection)
            if changed:
                connection.execute(sa.select(sa.func.analyze_facts()))
            if len(table):
                kept = table[["row", "column", "value", "rule", "refused", "remedy"]].assign(load_run=run)
                if findings.communes is not None:
                    kept = kept.join(findings.communes.astype({"vintage": "Int64"}), on="row")
                staged = stage_rows(connection, load_finding, kept)
                connection.execute(load_finding.insert().from_select(list(kept), sa.select(*staged.c)))
            counts = {
                "rows_in": len(accepted), "rows_loaded": int(accepted.sum()), "rows_refused": int((~accepted).sum()),
                "warnings": int((~table["refused"].astype(bool)).sum()),
            }  # fmt: skip
            finished = load_run.update().where(load_run.c.id == run)
            connection.execute(finished.values(finished_at=sa.func.clock_timestamp(), **counts))
            said = f"{kind}, {source.name}: {counts['rows_in']} = {counts['rows_loaded']} + {counts['rows_refused']} (run {run})"
            audit.record(connection, audit.operator(), "load", said)
    except PhuqrError as error:
        _log_refused_file(described, error)
        raise
    return Outcome(
        run=run, kind=kind, file=source.name, rows_changed=changed, ignored=source.ignored,
        sample_removed=removed, findings=table, **counts,
    )  # fmt: skip


def _describe(kind, file_name, sha256, invented=False):
    return {
        "kind": kind, "file_name": file_name, "sha256": sha256, "loaded_by": getpass.getuser(), "invented": invented,
    }  # fmt: skip


def _log_refused_file(described, error):
    """Keep in the run log that a file was refused as a whole, and why."""
    with db.loading() as connection:
        connection.execute(load_run.insert().values(**described, finished_at=sa.func.now(), error=str(error)))
        said = f"{described['kind']}, {described['file_name']}: refused as a whole"
        audit.record(connection, audit.operator(), "load", said)


def stage_rows(connection, target, rows):
    """COPY a frame into a new temporary table with those columns of `target`; empty text and missing values become null."""
    stage, columns = f"stage_{target.name}", ", ".join(f'"{column}"' for column in rows.columns)
    made = f"CREATE TEMP TABLE {stage} ON COMMIT DROP AS SELECT {columns} FROM {target.name} WITH NO DATA"
    connection.execute(sa.text(made))
    text = io.StringIO(rows.to_csv(index=False, header=False))
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {stage} ({columns}) FROM STDIN WITH (FORMAT csv)", text)
    return sa.table(stage, *(sa.column(column) for column in rows.columns))


def merge(connection, target, keys, rows, run):
    """Upsert a frame into a table; rows equal to what is there stay as they are. Returns how many were written.

    A row of the sample that a real row equals becomes real all the same.
    target: a Table of geo.schema with a unique constraint on `keys`; rows: a frame of some of its columns.
    """
    columns, staged = list(rows.columns), stage_rows(connection, target, rows)
    adding = insert(target).from_select([*columns, "load_run"], sa.select(*staged.c, sa.literal(run)))
    values = [column for column in columns if column not in keys]
    before = sa.tuple_(*(target.c[column] for column in values))
    after = sa.tuple_(*(adding.excluded[column] for column in values))
    claimed = _invented(target) & sa.exists().where(load_run.c.id == run, ~load_run.c.invented)
    upsert = adding.on_conflict_do_update(
        index_elements=keys,
        set_={column: adding.excluded[column] for column in [*values, "load_run"]},
        where=before.is_distinct_from(after) | claimed,
    )
    return connection.execute(upsert).rowcount


def _invented(table):
    return table.c.load_run.in_(sa.select(load_run.c.id).where(load_run.c.invented))


def holds_real_rows(connection):
    """Whether any unit, venue, scan or row of the register is not the sample's."""
    tables = admin_unit, venue, obligation, scan_day
    return any(connection.scalar(sa.select(sa.exists().where(~_invented(table)))) for table in tables)


def _remove_sample(connection):
    """Delete the invented venues, scans and register; whether there were any."""
    removed = [
        connection.execute(table.delete().where(_invented(table))).rowcount for table in (scan_day, venue, obligation)
    ]
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
            (inside, inside.c.parent_code),
        )
    ]
    for level in (3, 2, 1):
        connection.execute(admin_unit.delete().where(sketched, admin_unit.c.level == level, ~sa.or_(*needed)))
    empty = ~sa.exists().where(admin_unit.c.vintage == boundary_vintage.c.id)
    connection.execute(boundary_vintage.delete().where(empty))
    return removed
