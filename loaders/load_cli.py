"""The commands that take users' files: phuqr load."""

import json
import os
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from geo import db
from geo.accounts import find_scope
from geo.audit import Actor
from geo.errors import AccountError, FileError, PhuqrError
from loaders.findings_file import check_path, write_findings
from loaders.headers import read_mapping
from loaders.reading import MAPS, SUFFIXES, expand_paths
from loaders.rules import RULES
from loaders.writing import MAX_REFUSED

LISTED = 20  # refused rows of one rule on the screen: more would push the rest off it
_ROLES = {  # kind -> roles of the accounts that may load it
    "boundaries": {"data"},
    "register": {"data"},
    "venues": {"data"},
    "scans": {"data"},
    "visits": {"data", "health"},
    "inspections": {"data"},
    "population": {"data"},
    "staff": {"data"},
    "assessments": {"data"},
    "unit-changes": {"data"},
    "aliases": {"data"},
}

app = typer.Typer()
load = typer.Typer(no_args_is_help=True, help="Load users' files; what is refused is listed, with what to do.")
app.add_typer(load, name="load")

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files, or a folder of them.")]
Map = Annotated[
    Path | None, typer.Option("--map", metavar="M.toml", help="What the file's own headers and values mean.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and say what would be loaded; change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per file, with every finding.")]
Found = Annotated[
    Path | None,
    typer.Option("--findings", metavar="OUT.xlsx", help="Write the refused rows there, to be mended and loaded."),
]
MaxRefused = Annotated[
    float,
    typer.Option("--max-refused", min=0, max=100, metavar="PERCENT", help="Load nothing if more rows are refused."),
]
As = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Load in this account's name, and within its scope.")
]
Day = Annotated[
    datetime | None, typer.Option("--vintage", formats=["%Y-%m-%d"], help="First day of the boundaries meant.")
]
_MOST = 100 * MAX_REFUSED


@load.command("boundaries")
def load_boundaries(
    files: Files,
    vintage: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day these units were in force.")],
    source: Annotated[str | None, typer.Option(help="Where the polygons come from; shown on the map.")] = None,
    licence: Annotated[str | None, typer.Option(help="The terms they are under.")] = None,
    srid: Annotated[
        int | None, typer.Option(help="EPSG number of the coordinates, where the file does not tell it: 9209, 4326.")
    ] = None,
    crosswalk: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What became of the file's units, which are older ones.")
    ] = None,
    crosswalk_map: Annotated[
        Path | None, typer.Option(metavar="M.toml", help="What the headers and values of that file mean.")
    ] = None,
    mapping: Map = None, dry_run: DryRun = False, as_json: Json = False, findings: Found = None, max_refused: MaxRefused = _MOST,
    account: As = None,
):  # fmt: skip
    """Communes with polygons: gpkg, geojson, kml or a zipped shapefile; older ones are dissolved by a crosswalk."""
    own = {"vintage": vintage.date(), "source": source, "licence": licence, "srid": srid, "crosswalk": crosswalk}
    own["crosswalk_mapping"] = read_mapping(crosswalk_map) if crosswalk_map else None
    _load_all("boundaries", files, mapping, dry_run, as_json, findings, max_refused, account, MAPS, **own)


@load.command("register")
def load_register(
    files: Files, vintage: Day = None, mapping: Map = None, dry_run: DryRun = False, as_json: Json = False,
    findings: Found = None, max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Obliged venues: counts by commune and group, or one organisation a row."""
    _load_all("register", files, mapping, dry_run, as_json, findings, max_refused, account, vintage=_day(vintage))


@load.command("venues")
def load_venues(
    files: Files, mapping: Map = None, dry_run: DryRun = False, as_json: Json = False, findings: Found = None,
    max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Venues with a QR code."""
    _load_all("venues", files, mapping, dry_run, as_json, findings, max_refused, account)


@load.command("scans")
def load_scans(
    files: Files, mapping: Map = None, dry_run: DryRun = False, as_json: Json = False, findings: Found = None,
    max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Scans per venue and day, per venue and hour, or per commune and day."""
    _load_all("scans", files, mapping, dry_run, as_json, findings, max_refused, account)


@load.command("visits")
def load_visits(
    files: Files, mapping: Map = None, dry_run: DryRun = False, as_json: Json = False, findings: Found = None,
    max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Visits of traced cases, under pseudonyms."""
    _load_all("visits", files, mapping, dry_run, as_json, findings, max_refused, account)


@load.command("inspections")
def load_inspections(
    files: Files, mapping: Map = None, dry_run: DryRun = False, as_json: Json = False, findings: Found = None,
    max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Inspections of venues."""
    _load_all("inspections", files, mapping, dry_run, as_json, findings, max_refused, account)


@load.command("population")
def load_population(
    files: Files, vintage: Day = None, mapping: Map = None, dry_run: DryRun = False, as_json: Json = False,
    findings: Found = None, max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Inhabitants and households by commune."""
    _load_all("population", files, mapping, dry_run, as_json, findings, max_refused, account, vintage=_day(vintage))


@load.command("staff")
def load_staff(
    files: Files, mapping: Map = None, dry_run: DryRun = False, as_json: Json = False, findings: Found = None,
    max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Staff of agencies, and how many of them have the app."""
    _load_all("staff", files, mapping, dry_run, as_json, findings, max_refused, account)


@load.command("assessments")
def load_assessments(
    files: Files, mapping: Map = None, dry_run: DryRun = False, as_json: Json = False, findings: Found = None,
    max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Self-assessments of agencies: points, supervisors, system in use, entrants and scanned."""
    _load_all("assessments", files, mapping, dry_run, as_json, findings, max_refused, account)


@load.command("unit-changes")
def load_unit_changes(
    files: Files,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the older units.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="First day of the newer ones.")
    ] = None,
    mapping: Map = None, dry_run: DryRun = False, as_json: Json = False, findings: Found = None,
    max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Which commune became which; --from and --to where the file has no columns of them."""
    own = {"from_vintage": _day(first), "to_vintage": _day(last)}
    _load_all("unit-changes", files, mapping, dry_run, as_json, findings, max_refused, account, **own)


@load.command("aliases")
def load_aliases(
    files: Files, vintage: Day = None, mapping: Map = None, dry_run: DryRun = False, as_json: Json = False,
    findings: Found = None, max_refused: MaxRefused = _MOST, account: As = None,
):  # fmt: skip
    """Names of communes that files use, and that a person has confirmed."""
    _load_all("aliases", files, mapping, dry_run, as_json, findings, max_refused, account, vintage=_day(vintage))


def _day(moment):
    return moment.date() if moment else None


def _load_all(
    kind, files, mapping, dry_run, as_json, findings, max_refused, account, suffixes=SUFFIXES, **own
):  # fmt: skip
    """Load files one after the other, each in a transaction of its own; the first that is refused ends it."""
    if not os.environ.get("DATABASE_URL"):
        db.migrate()
    if account:
        scope = find_scope(account)
        if scope.role not in _ROLES[kind]:
            raise AccountError(f"{account}: tài khoản vai trò {scope.role} không nạp được loại số liệu này")
        own["actor"] = Actor(account, scope)
    paths, loader = expand_paths(files, suffixes), _import_loader(kind)
    outs = _name_findings(findings, paths) if findings else [None] * len(paths)
    for path, out in zip(paths, outs, strict=True):
        try:
            own["mapping"] = read_mapping(mapping) if mapping else None
            with show_progress(path.name) as progress:
                outcome = loader(path, progress=progress, dry_run=dry_run, max_refused=max_refused / 100, **own)
        except PhuqrError as error:
            if as_json:
                told = {"kind": kind, "file": path.name, "error": str(error), "error_type": type(error).__name__}
                typer.echo(json.dumps(told, ensure_ascii=False))
            raise
        typer.echo(json.dumps(outcome.as_dict(), ensure_ascii=False) if as_json else "\n".join(describe(outcome)))
        if out and len(outcome.findings):
            write_findings(out, outcome.titles, outcome.refused, outcome.findings)
        if outcome.error:
            raise FileError(outcome.error)


def _import_loader(kind):
    """The function that loads a file of a kind; the libraries of the other kinds take longer to import than small files to load."""
    name = kind.replace("-", "_")
    return getattr(import_module(f"loaders.{name}"), f"load_{name}")


def _name_findings(findings, paths):
    """Where the findings of each path go, seen to before any is loaded."""
    numbered = [findings.with_stem(f"{findings.stem}-{number}") for number in range(1, len(paths) + 1)]
    outs = [findings] if len(paths) == 1 else numbered
    inputs = {path.resolve() for path in paths}
    for out in outs:
        if out.resolve() in inputs:
            raise FileError(f"{out.name}: là chính tệp cần nạp; hãy ghi --findings với tên khác")
    check_path(findings)
    return outs


def describe(outcome):
    """What a load did, as lines to read."""
    if outcome.same_as:
        yield f"{outcome.file}: chính tệp này đã nạp (lần nạp {outcome.same_as}); không có gì thay đổi"
        return
    head = "kiểm tra thử, chưa nạp gì" if outcome.dry_run else f"lần nạp {outcome.run}"
    yield (
        f"{outcome.file}: {show(outcome.rows_in)} dòng = {show(outcome.rows_in - outcome.rows_refused)} nạp + "
        f"{show(outcome.rows_refused)} từ chối; {show(outcome.rows_changed)} mới hoặc thay đổi, "
        f"{show(outcome.warnings)} cảnh báo ({head})"
    )
    yield from outcome.notes
    for each in outcome.restated.itertuples():
        yield f"Số đã biết thay đổi: {MEASURES[each.measure]} {show(each.before)} → {show(each.after)} ({show(each.figures)} số)"
    if outcome.rows_taken_back:
        yield f"{show(outcome.rows_taken_back)} dòng nạp trước không còn trong tệp mới: đã bỏ"
    if outcome.rows_kept:
        yield f"{show(outcome.rows_kept)} dòng nạp trước không có trong tệp: vẫn giữ"
    if outcome.sample_removed:
        yield "Đã xóa số liệu mẫu."
    if outcome.ignored:
        yield f"Cột không đọc: {', '.join(outcome.ignored)}"
    refused = outcome.findings[outcome.findings["refused"].astype(bool)]
    for found in refused.groupby("rule").head(LISTED).itertuples():
        yield (
            f"{outcome.file}, dòng {found.row}, cột {found.column}, giá trị {found.value!r}: "
            f"từ chối ({found.rule}): {found.reason}; {found.remedy}"
        )
    for rule, count in refused["rule"].value_counts().items():
        if count > LISTED:
            yield f"… và {show(count - LISTED)} dòng nữa cũng bị từ chối ({rule}); xem hết bằng --findings"
    for rule, count in outcome.findings.loc[~outcome.findings["refused"].astype(bool), "rule"].value_counts().items():
        yield f"cảnh báo ({rule}): {show(count)} dòng, {RULES[rule][0]}"


MEASURES = {
    "venues": "số địa điểm theo ngày tạo", "active": "số địa điểm có quét theo ngày", "scans": "lượt quét", "people": "số người",
    "obliged": "diện phải tạo", "population": "dân số", "hour_scans": "lượt quét theo giờ", "hour_people": "số người theo giờ",
}  # fmt: skip


def show(number):
    """A whole number as Vietnamese texts write it: 1.904."""
    return f"{number:,}".replace(",", ".")


@contextmanager
def show_progress(title):
    """A bar on stderr with rows, rate and time left; gives the function that a load tells how far it is."""
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[rows]}"), TimeRemainingColumn(),
    )  # fmt: skip
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task, began = bar.add_task(f"{title}: đọc", total=None, rows=""), monotonic()

        def tell(step, rows=0, of=0):
            rate = rows / max(monotonic() - began, 0.001)
            told = f"{show(rows)} dòng, {show(round(rate))} dòng/giây" if rows else ""
            bar.update(task, description=f"{title}: {step}", completed=rows, total=max(rows, of) or None, rows=told)

        yield tell
