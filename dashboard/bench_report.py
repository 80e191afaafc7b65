"""How long reports take: the command `phuqr bench report`.

All districts of the province whose venue was loaded first report on the report week that the last scans are in, one after the other, as
`phuqr report weekly --all-districts` makes them: figures with traced cases, on record, letter and appendix; and, where LibreOffice is on
the machine, the letter as PDF. Nothing is written or issued.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from statistics import median

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dashboard.bench import find_place
from dashboard.report_files import make_files, make_pdf, search_converter
from dashboard.text import Text
from geo import db
from geo.accounts import operator_scope
from geo.audit import Actor, operator
from geo.lagging import report_week
from geo.reports import reading
from geo.scope import Scope
from geo.weekly import list_districts, read_report

STEPS = {"figures": "figures read", "files": "letter and appendix with map and chart", "pdf": "letter as PDF, by LibreOffice"}


@dataclass(frozen=True)
class ReportMeasure:
    """How long a step takes, in seconds a report: the median and the slowest of all districts and runs; total_s: of a run, the median."""

    name: str
    reports: int
    report_s: float
    slowest_s: float
    total_s: float


def run_report_bench(runs, as_json):
    """Measure and print; PhuqrError where nothing is loaded, or the province has no districts."""
    place = find_place()
    week = report_week(place.window.last)
    with db.reading(operator_scope()) as connection:
        codes = list_districts(connection, place.province, week.last)
    bars = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bars as progress:
        found = measure(place, week, codes, runs, progress)
    if as_json:
        told = {"province": place.province, "from": str(week.first), "to": str(week.last), "runs": runs}
        print(json.dumps(told | {"measures": [asdict(each) for each in found]}))
    else:
        _print(place, week, found)


def measure(place, week, codes, runs, progress):
    """The ReportMeasures of the STEPS and of whole reports of the units `codes`."""
    steps = [step for step in STEPS if step != "pdf" or search_converter()]
    actor, text = Actor(operator().name, Scope("leader", operator_scope().units)), Text("vi")
    task = progress.add_task(f"reports of {place.province}", total=runs * len(codes))
    taken = {step: [[] for _ in range(runs)] for step in steps}
    for run in range(runs):
        for code in codes:
            times = [time.perf_counter()]
            with reading(actor, f"bench report of {code}") as (connection, cases):
                found = read_report(connection, code, week, week.last + timedelta(days=1), cases)
                times.append(time.perf_counter())
                files = make_files(connection, found, None, None, text)
                times.append(time.perf_counter())
            if "pdf" in steps:
                make_pdf(next(iter(files.values())))
                times.append(time.perf_counter())
            for step, began, ended in zip(steps, times, times[1:], strict=False):
                taken[step][run].append(ended - began)
            progress.advance(task)
    wholes = [[sum(parts) for parts in zip(*(taken[step][run] for step in steps), strict=True)] for run in range(runs)]
    return [_sum(STEPS[step], of) for step, of in taken.items()] + [_sum("whole report", wholes)]


def _sum(name, runs):
    every = [seconds for run in runs for seconds in run]
    return ReportMeasure(name, len(runs[0]), *(round(each, 3) for each in (median(every), max(every), median(map(sum, runs)))))


def _print(place, week, found):
    title = f"all {found[0].reports} districts of {place.province}, {week.first:%d/%m/%Y} to {week.last:%d/%m/%Y}"
    table = Table("step", "reports", "s a report", "slowest, s", "all, s", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for each in found:
        table.add_row(each.name, str(each.reports), f"{each.report_s:.2f}", f"{each.slowest_s:.2f}", f"{each.total_s:.1f}")
    Console(width=None if sys.stdout.isatty() else 160).print(table)
