"""How fast the map is, beside an empty page of the same app and beside the plain way: the command `phuqr bench map`.

In a real Chromium, in one run: the sample province and a country of 11,163 communes with a million made-up venues, each in a
database of its own on the same server. The sides of a pair go in turn, as in dashboard.bench; a cost is the median of the pairs' ratios.
"""

import base64
import json
import random
import signal
import sys
import time
import zlib
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from statistics import median
from urllib.parse import urlencode

import numpy as np
import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dashboard.bench import compare, find_chromium
from dashboard.bench_coverage import using
from dashboard.bench_load import making_databases
from dashboard.bench_map_data import fill_country, fill_province
from dashboard.bench_servers import Server, connect, running, sign_in
from dashboard.gate import COOKIE
from dashboard.text import Text
from dashboard.tiles import tiles_url
from geo import db
from geo.accounts import add_account, everything, operator_scope
from geo.audit import operator
from geo.coverage import RATES, Window, read_holdings
from geo.errors import PhuqrError
from geo.units import WHOLE, list_vintages
from geo.venues import Narrowed

WINDOW = Window(date(2021, 11, 26), date(2021, 12, 8))
# place -> name of what is measured -> limit: ratios to the empty page, and bytes
RATIOS = {
    "province": {"first": 1.5, "indicator": 1.6, "panel": 2.0},
    "country": {"first": 2.0, "indicator": 2.8, "panel": 2.0},
}
BYTES = {"province": {"change": 10_000, "geometry": 60_000}, "country": {"change": 30_000, "geometry": 900_000}}
TILE_BYTES, TILE_MS, TILES = 100_000, 50, 300
PAIRS = {"province": 12, "country": 6}
_RATE, *_OTHERS = ("activity_rate", "creation_rate", "cohort_rate")
# When something was painted, in ms since 1970: the map, in whose frame documents change; the line of the empty page; a panel.
_WATCH = """
    addEventListener("click", (event) => (top.clicked = performance.timeOrigin + event.timeStamp), true);
    if (top === window) {
        Object.assign(window, { paints: [], lines: [], panels: [] });
        const now = () => performance.timeOrigin + performance.now();
        const seen = {};
        const told = (list, selector) => {
            const text = document.querySelector(selector)?.textContent;
            if (text && text !== seen[selector]) {
                seen[selector] = text;
                requestAnimationFrame(() => list.push(now()));
            }
            if (!text) seen[selector] = text;
        };
        new MutationObserver(() => {
            told(lines, "#bench");
            told(panels, ".phuqr-panel h2");
        }).observe(document, { subtree: true, childList: true, characterData: true });
        const watcher = new MutationObserver(() => paints.push(now()));
        let watched;
        (function watch() {
            const frame = document.querySelector("iframe")?.contentDocument;
            if (frame && frame !== watched) {
                watcher.observe((watched = frame), { subtree: true, attributeFilter: ["data-phuqr-paints"] });
                if (frame.documentElement?.dataset.phuqrPaints) paints.push(now());
            }
            requestAnimationFrame(watch);
        })();
    }
"""


@dataclass(frozen=True)
class Size:
    """Something counted, and the most that it may be."""

    name: str
    value: float
    limit: float
    unit: str


def run_map_bench(pairs, as_json):
    """Measure and print; PhuqrError where something is above its limit."""
    chromium = find_chromium()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    measures, sizes = [], []
    bars = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bars as progress, ExitStack() as stack:
        make = stack.enter_context(making_databases())
        browser = stack.enter_context(opening(*chromium))
        for place, fill in (("province", fill_province), ("country", fill_country)):
            with make.fresh("template0") as url, using(url):
                fill(url, progress)
                with serving() as server:
                    timed = partial(compare, progress, pairs or PAIRS[place])
                    measures += measure_place(timed, browser, server, place)
                    sizes += measure_bytes(browser, server, place)
                    if place == "country":
                        sizes += measure_tiles(progress, server)
    if as_json:
        found = {"measures": [asdict(each) for each in measures], "sizes": [asdict(each) for each in sizes]}
        print(json.dumps(found))
    else:
        _print(measures, sizes)
    above = [f"{each.name}: {each.ratio:.2f}" for each in measures if each.limit and each.ratio > each.limit]
    above += [f"{each.name}: {each.value:.0f} {each.unit}" for each in sizes if each.value > each.limit]
    if above:
        raise PhuqrError(f"above the limit: {'; '.join(above)}")


@contextmanager
def serving():
    """The dashboard with the two pages more on the database in use, as a Server with the session of an account that sees all there is."""
    with db.gating() as connection:
        units = everything(connection)
    password = add_account(operator(), "bench", "leader", [code for _, code in units], day=WINDOW.last)
    with running("dashboard.bench_map_server") as port:
        yield Server(port, sign_in(port, "bench", password))


@contextmanager
def opening(sync_playwright, path):
    """A Chromium."""
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=path, args=options)) as browser,
    ):
        yield browser


@contextmanager
def opened(browser, server, path, list_name, **query):
    """A page in a context of its own, once something is in one of its lists."""
    with closing(browser.new_context(viewport={"width": 1400, "height": 1300})) as context:
        context.add_cookies([{"name": COOKIE, "value": server.cookie, "url": server.address}])
        context.add_init_script(_WATCH)
        page = context.new_page()
        answer = page.goto(f"{server.address}/{path}?{urlencode(query)}", wait_until="commit")
        if answer.status != 200:
            raise PhuqrError(f"{server.address} answers {answer.status}")
        wait(page, list_name, 0)
        yield page


def wait(page, list_name, before):
    """The moment of the first entry of a list after so many."""
    return page.wait_for_function(f"before => {list_name}[before]", arg=before, timeout=60_000).json_value()


def wait_whole(page):
    """Until what comes after the map is there too."""
    page.wait_for_selector("[data-testid=stDataFrame]", timeout=60_000)


def settle(page):
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_timeout(300)


def query_of(place):
    return {"unit": WHOLE if place == "country" else "42", "from": WINDOW.first, "to": WINDOW.last, "indicator": _RATE}


def clicked_to(page, list_name, click):
    """ms from a click to the next entry of a list."""
    settle(page)
    before = page.evaluate(f"{list_name}.length")
    click()
    return wait(page, list_name, before) - page.evaluate("clicked")


def show(browser, server, place, path, list_name, number):
    """First painting, and of six choices of another rate the median, of a page."""
    with opened(browser, server, path, list_name, **query_of(place)) as page:
        first = page.evaluate(f"{list_name}[0] - performance.timeOrigin")
        if path == "":
            wait_whole(page)
        names = {rate: Text("vi")(rate) if path == "" else rate for rate in RATES}
        group = page.get_by_test_id("stButtonGroup").first
        clicks = [
            clicked_to(page, list_name, group.get_by_text(names[rate], exact=True).click)
            for rate in (*_OTHERS, _RATE) * 2
        ]
        return [first, float(np.median(clicks))]


def show_panel(browser, server, place, number):
    """Of four clicks on communes the median time to their panels."""
    with opened(browser, server, "", "paints", **query_of(place)) as page:
        wait_whole(page)
        frame = page.locator("iframe").element_handle().content_frame()
        codes = frame.evaluate("Object.keys(phuqr.state().classes)")
        taken = []
        for code in random.Random(number).sample(codes, 40):
            at = frame.evaluate("code => phuqr.pointOf(code)", code)
            if at is None or len(taken) == 4:
                continue
            box = page.locator("iframe").bounding_box()
            taken.append(clicked_to(page, "panels", lambda: page.mouse.click(box["x"] + at[0], box["y"] + at[1])))
        return [float(np.median(taken))]


def measure_place(timed, browser, server, place):
    """The map and the plain way beside the empty page: first painting and another rate; and a commune's panel beside its choices."""
    limits = RATIOS[place]
    empty = partial(show, browser, server, place, "bench-empty", "lines")
    names = ["address to painted", "another rate to painted"]
    for way, path in (("the map", ""), ("the plain way", "bench-plain")):
        found = timed(
            [f"{place}, {way}: {name}" for name in names],
            partial(show, browser, server, place, path, "paints"),
            empty,
            limit=None,
        )
        bounds = [limits["first"], limits["indicator"]] if path == "" else [None, None]
        yield from (replace_limit(each, bound) for each, bound in zip(found, bounds, strict=True))

    def choose(number):
        return empty(number)[1:]

    panel = partial(show_panel, browser, server, place)
    yield from timed([f"{place}, the map: click on a commune to its panel"], panel, choose, limit=limits["panel"])


def replace_limit(measure, limit):
    """The Measure with that limit."""
    return type(measure)(**asdict(measure) | {"limit": limit})


def measure_bytes(browser, server, place):
    """Bytes that a change of the indicator sends, compressed as the websocket compresses them, and those of the borders."""
    with opened(browser, server, "", "paints", **query_of(place)) as page:
        wait_whole(page)
        settle(page)
        frames, session = [], page.context.new_cdp_session(page)
        session.on("Network.webSocketFrameReceived", lambda event: frames.append(event["response"]))
        session.send("Network.enable")
        sent = []
        for rate in _OTHERS:
            frames.clear()
            clicked_to(
                page,
                "paints",
                page.get_by_test_id("stButtonGroup").first.get_by_text(Text("vi")(rate), exact=True).click,
            )
            settle(page)
            deflate = zlib.compressobj(wbits=-15)  # one after the other in one stream, as permessage-deflate does
            bodies = (
                base64.b64decode(frame["payloadData"]) if frame["opcode"] == 2 else frame["payloadData"].encode()
                for frame in frames
            )
            sent.append(sum(len(deflate.compress(body)) + len(deflate.flush(zlib.Z_SYNC_FLUSH)) for body in bodies))
        address = page.locator("iframe").element_handle().content_frame().evaluate("phuqr.state().geometry")
    with closing(connect(server.port)) as connection:
        connection.request("GET", address, headers={"Cookie": f"{COOKIE}={server.cookie}", "Accept-Encoding": "gzip"})
        borders = len(connection.getresponse().read())
    limits = BYTES[place]
    return [
        Size(f"{place}, the map: change of the rate", max(sent), limits["change"], "bytes"),
        Size(f"{place}, the map: borders", borders, limits["geometry"], "bytes"),
    ]


def measure_tiles(progress, server):
    """Of many tiles around venues, each asked for the first time: the median time, the largest size."""
    with db.reading(operator_scope()) as connection:
        vintage, held = list_vintages(connection)[-1], read_holdings(connection)
        total = connection.scalar(sa.text("SELECT count(*) FROM venue"))
        points = connection.execute(
            sa.text(
                "SELECT ST_X(point), ST_Y(point) FROM venue WHERE point IS NOT NULL ORDER BY md5(code) LIMIT :some"
            ),
            {"some": TILES},
        ).all()
    url = tiles_url(held, vintage, WHOLE, WINDOW, Narrowed(), True)
    taken, largest, rng = [], 0, random.Random(1)
    with closing(connect(server.port)) as connection:
        cookie = {"Cookie": f"{COOKIE}={server.cookie}"}

        def ask(z, x, y):
            connection.request("GET", url.format(z=z, x=x, y=y), headers=cookie)
            return connection.getresponse().read()

        ask(5, 25, 14)  # what all tiles are drawn from is read with the first
        asked = set()
        for lon, lat in progress.track(points, description="tiles"):
            z = rng.randint(5, 16)
            at = z, int((lon + 180) / 360 * 2**z), int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**z)
            if at not in asked:
                asked.add(at)
                began = time.perf_counter()
                body = ask(*at)
                taken.append((time.perf_counter() - began) * 1000)
                largest = max(largest, len(body))
    return [
        Size(
            f"{total:,} venues: median of {len(taken)} tiles, gate and HTTP with it",
            round(median(taken), 1),
            TILE_MS,
            "ms",
        ),
        Size(f"{total:,} venues: largest tile", largest, TILE_BYTES, "bytes"),
    ]


def _print(measures, sizes):
    table = Table("measure", "its, ms", "empty page, ms", "ratio", "95 %", "limit")
    for column in table.columns[1:]:
        column.justify = "right"
    for each in measures:
        interval, limit = f"{each.low:.2f} to {each.high:.2f}", f"{each.limit:.2f}" if each.limit else "none"
        table.add_row(each.name, f"{each.with_ms:.0f}", f"{each.without_ms:.0f}", f"{each.ratio:.2f}", interval, limit)
    counted = Table("counted", "", "limit", "")
    for column in counted.columns[1:3]:
        column.justify = "right"
    for each in sizes:
        counted.add_row(each.name, f"{each.value:,.0f}", f"{each.limit:,.0f}", each.unit)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(counted)
