"""What the gate and row-level security cost, measured with the data at hand: the command `phuqr bench`.

Two sides do the same work in turn, with and without, AB BA AB BA, so that neither always has the better place and the two
runs of a pair share whatever else the machine does. The cost is the median of the pairs' ratios, which no outlier moves;
beside it the 95 % interval of that median, by order statistics.
"""

import json
import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dashboard.bench_servers import connect, reading_as_owner, serve_both
from dashboard.gate import COOKIE
from dashboard.state import read_window
from dashboard.text import Text
from geo import db
from geo.accounts import operator_scope
from geo.coverage import RATES, Window, read_coverage, read_holdings
from geo.errors import PhuqrError
from geo.scope import Scope
from geo.units import Vintage, read_atlas

LIMIT = 1.15  # of what a reader waits for: the coverage query, the page
WARM = 3  # pairs that are run first and not counted
# In ms since the address was asked for: the last click, and each painting of the map, in whose frame documents change.
_WATCH = """
    window.paints = [];
    addEventListener("click", (event) => (window.clicked = event.timeStamp), true);
    const watcher = new MutationObserver(() => paints.push(performance.now()));
    let watched;
    (function watch() {
        const frame = document.querySelector("iframe")?.contentDocument;
        if (frame && frame !== watched)
            watcher.observe((watched = frame), { subtree: true, attributeFilter: ["data-phuqr-paints"] });
        requestAnimationFrame(watch);
    })();
"""


@dataclass(frozen=True)
class Measure:
    """One cost: medians of both sides in ms, and the ratio with its interval; limit None: told, not judged."""

    name: str
    with_ms: float
    without_ms: float
    ratio: float
    low: float
    high: float
    limit: float | None


@dataclass(frozen=True)
class Place:
    """What is asked for: a province, the first of its districts with venues, and the last days with scans."""

    province: str
    district: str
    window: Window
    vintage: Vintage

    def scope(self, unit):
        return Scope("leader", ((self.vintage.id, unit),))


def run_bench(topics, pairs, as_json):
    """Measure and print; PhuqrError where a cost is above its limit."""
    place = find_place()
    chromium = find_chromium() if "page" in topics else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended then, too
    found = []
    bars = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bars as progress, ExitStack() as stack:
        timed = partial(compare, progress, pairs)
        if "query" in topics:
            found += measure_query(timed, place)
        if {"route", "page"} & set(topics):
            sides = stack.enter_context(serve_both(place))
            if "route" in topics:
                found += measure_route(timed, place, *sides)
            if "page" in topics:
                found += measure_page(partial(compare, progress, (pairs + 1) // 2), place, *sides, *chromium)
    if as_json:
        print(json.dumps({"pairs": pairs, "measures": [asdict(each) for each in found]}))
    else:
        _print(found)
    above = [each for each in found if each.limit and each.ratio > each.limit]
    if above:
        said = "; ".join(f"{each.name}: {each.ratio:.2f} ({each.low:.2f} to {each.high:.2f})" for each in above)
        raise PhuqrError(f"above the limit of {LIMIT}: {said}")


def compare(progress, pairs, names, with_it, without, limit=LIMIT):
    """The Measures of two sides: functions of the pair's number that return one time in ms for each name."""
    task = progress.add_task(names[0], total=WARM + pairs)
    taken = []
    for number in range(WARM + pairs):
        taken.append({side: side(number) for side in ((with_it, without) if number % 2 else (without, with_it))})
        progress.advance(task)
    ms = np.array([[pair[with_it], pair[without]] for pair in taken[WARM:]])  # pair, side, name
    ratios = np.sort(ms[:, 0] / ms[:, 1], axis=0)
    low = max(0, int(pairs / 2 - 0.98 * pairs**0.5))
    sides, middle = np.median(ms, axis=0), np.median(ratios, axis=0)
    return [
        Measure(name, *sides[:, i].round(2).tolist(), *np.round([middle[i], ratios[low, i], ratios[-1 - low, i]], 4).tolist(), limit)
        for i, name in enumerate(names)
    ]  # fmt: skip


def find_place():
    """The Place of the venue that was loaded first; PhuqrError without venues."""
    with db.reading(operator_scope()) as connection:
        held = read_holdings(connection)
        if held.first_commune is None:
            raise PhuqrError("there is nothing to measure with: no venues are loaded; load some, or type: phuqr demo")
        window = read_window({}, held.scans_until or db.today())
        atlas = read_atlas(connection, window.last)
        province = atlas.province(held.first_commune).code
        rows = read_coverage(connection, province, window).rows
    first = rows[rows.created > 0].iloc[0]  # where there are no districts, its parent is the province
    return Place(province, first.parent_code if first.parent_code != province else first.code, window, atlas.vintage)


def measure_query(timed, place):
    """The coverage query in a reader's transaction and in the owner's: of the province, and of a district to its office."""

    def read(reading, unit, _):
        began = time.perf_counter()
        with reading(place.scope(unit)) as connection:
            read_coverage(connection, unit, place.window)
        return [(time.perf_counter() - began) * 1000]

    for name, unit in (("province", place.province), ("district", place.district)):
        yield from timed(
            [f"coverage of {name} {unit}, with and without row-level security"],
            partial(read, db.reading, unit),
            partial(read, reading_as_owner, unit),
        )


def measure_route(timed, place, gated, ungated):
    """Small routes, where the gate's question to the database is most of the little there is: told, not judged.

    Over HTTP and from the page's servers: there the gate is as in use, and what HTTP takes is not in the difference of ms.
    """

    def ask(server, path, _):
        began = time.perf_counter()
        with closing(connect(server.port)) as connection:  # anew: on a kept one TCP at times waits 40 ms
            connection.request("GET", path, headers={"Cookie": f"{COOKIE}={server.cookie}"})
            answer = connection.getresponse()
            answer.read()
        if answer.status != 200:
            raise PhuqrError(f"{server.address}{path} answers {answer.status}")
        return [(time.perf_counter() - began) * 1000]

    vintage = place.vintage
    geometry = f"/geo/{vintage.id}/{vintage.version}/{place.province}.topojson"
    for name, path in (("smallest route", "/_stcore/health"), ("geometry", geometry)):
        sides = partial(ask, gated, path), partial(ask, ungated, path)
        yield from timed([f"{name}, with and without the gate"], *sides, limit=None)


def measure_page(timed, place, gated, ungated, sync_playwright, path):
    """The page in Chromium: address to painted, with nothing kept from before, and indicator clicked to painted.

    Each pair has a window of its own, whose figures both servers then have to read; of six clicks the median.
    """
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

    def load(server, number):
        first, *others = [*RATES][::-1]
        query = {"from": place.window.first - timedelta(number), "to": place.window.last, "indicator": first}
        with closing(browser.new_context(viewport={"width": 1400, "height": 1300})) as context:
            context.add_cookies([{"name": COOKIE, "value": server.cookie, "url": server.address}])
            context.add_init_script(_WATCH)
            page = context.new_page()
            answer = page.goto(f"{server.address}/?{urlencode(query)}", wait_until="commit")
            if answer.status != 200:
                raise PhuqrError(f"{server.address} answers {answer.status}")
            opened, clicks = painted(page, 0), []
            for rate in (*others, first) * 2:
                page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
                before = page.evaluate("paints.length")
                page.get_by_test_id("stButtonGroup").get_by_text(Text("vi")(rate), exact=True).click()
                clicks.append(painted(page, before) - page.evaluate("clicked"))
        return [opened, float(np.median(clicks))]

    def painted(page, before):
        return page.wait_for_function("before => paints[before]", arg=before).json_value()

    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=path, args=options)) as browser,
    ):
        names = "page, from address to painted", "page, from click to painted"
        both = [f"{name}, with and without gate and row-level security" for name in names]
        yield from timed(both, partial(load, gated), partial(load, ungated))


def find_chromium():
    """Playwright's entry and the path of Chromium; PhuqrError that says what to install."""
    otherwise = "; or leave the page out: phuqr bench query"
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise PhuqrError(f"the page is measured by playwright; type: pip install 'phuqr[test]'{otherwise}") from None
    path = shutil.which(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    if path is None:
        raise PhuqrError(f"the page is measured in Chromium; type: apt-get install chromium{otherwise}")
    return sync_playwright, path


def _print(found):
    table = Table("measure", "with, ms", "without, ms", "ratio", "95 %", "limit")
    for column in table.columns[1:]:
        column.justify = "right"
    for each in found:
        interval, limit = f"{each.low:.2f} to {each.high:.2f}", f"{each.limit:.2f}" if each.limit else "none"
        table.add_row(each.name, f"{each.with_ms:.1f}", f"{each.without_ms:.1f}", f"{each.ratio:.2f}", interval, limit)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
