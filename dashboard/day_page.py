"""The leader's view of a day as one HTML file: no script, no other file, no request; for networks that block what the pages need."""

from datetime import date
from html import escape
from importlib.resources import files
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboard import lagging_panels, map_svg, panels, tracing_panels
from dashboard.gate import STATIC_PAGE
from dashboard.legend import PALETTE, classify, legend_entries
from dashboard.maps import LAGGING, WATCH
from dashboard.state import CALENDAR, read_language
from dashboard.text import Text
from geo import db
from geo.audit import reading_cases, record
from geo.coverage import RATES, read_holdings
from geo.day_view import list_places, read_day_view
from geo.tracing import CASE_ROLES
from geo.units import LEVELS, find_unit, read_atlas, read_polygons

PATH = STATIC_PAGE
RATE = "activity_rate"  # on the map
NAMED = 40  # laggards that are listed; the lowest come first
_STATIC = files("dashboard") / "static"
# The browser itself is told to ask for nothing, whatever a name in the page contains
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def day_page(request):
    """The page of the unit and day in the address, or of the largest unit in scope and the last day with scans; on record.

    With `save` in the address as a file to keep, without what leads to other pages. 404 where something there cannot be used.
    """
    reader, query = request.state.reader, request.query_params
    text = Text(read_language(query))
    with db.reading(reader.scope) as connection:
        day = _read_day(query, read_holdings(connection).scans_until or db.today())
        atlas = read_atlas(connection, day)
        places = list_places(atlas.units)
        code = query.get("unit") or next(iter(atlas.tops()), None)
        if code not in places:
            raise HTTPException(404)
        unit = find_unit(atlas.units, code, atlas.vintage)
    cases = reader.scope.role in CASE_ROLES
    choices = "" if "save" in query else _choices(atlas.units, places, code, day, text)
    with reading_cases(reader, f"day of {code}, {day}") if cases else db.reading(reader.scope) as connection:
        body = make_page(connection, unit.code, day, cases, text, choices)
    name = f"phu-qr_ngay_{code}_{day}.html"
    with db.gating() as connection:
        record(connection, reader, "download", name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} if "save" in query else {}
    return Response(body, media_type="text/html; charset=utf-8", headers=headers | {"Cache-Control": "no-store"})


def address(text, **query):
    """Where the page is, of a unit and day."""
    return f"{PATH}?{urlencode({**query, 'lang': text.language})}"


def _read_day(query, otherwise):
    try:
        day = date.fromisoformat(query["day"]) if query.get("day") else otherwise
    except ValueError:
        raise HTTPException(404) from None
    if not CALENDAR[0] <= day <= CALENDAR[1]:
        raise HTTPException(404)
    return day


def make_page(connection, code, day, cases, text, choices=""):
    """The page (bytes) of a unit in scope; cases: as geo.day_view.read_day_view. choices: HTML that leads to other units and days."""
    view = read_day_view(connection, code, day, cases)
    polygons = read_polygons(connection, view.vintage.id, code)
    title = f"{text('day.title', day=text.day(day))} – {view.unit.name}"
    said = [text("banner_invented")] * view.holdings.invented + [text("banner_sketched")] * view.vintage.sketched
    lines = [text("day.window", window=text.window(view.window)), text("as_of", when=text.moment(view.holdings.as_of))]
    until = view.change.now.scans_until
    if until and until < day:
        lines.append(text("scans_short", day=text.day(until)))
    parts = [
        choices, panels.banner(said) if said else "", panels.header(text("day.title", day=text.day(day)), view.unit.name, lines),
        lagging_panels.changes(view.change.now.total, view.before, view.window, view.window.previous(), text, RATES),
        _section("day.map", _map(view, polygons, text), text, indicator=text(RATE)),
        _section("day.of", _today(view, text) + _days(view, text), text, day=text.day(day)),
        _section("overview.deadlines", _deadlines(view, text), text),
        _section("hotspots.title", _cases(view, text), text) if cases else "",
        _section("overview.lagging", _laggards(view, text), text),
    ]  # fmt: skip
    source = text("source", source=view.vintage.origin, valid_from=text.day(view.vintage.valid_from))
    style = "".join((_STATIC / name).read_text(encoding="utf-8") for name in ("phuqr.css", "phuqr-day.css"))
    return (
        f'<!doctype html><html lang="{text.language}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f'<title>{escape(title)}</title><style>{style}</style></head><body><main>{"".join(parts)}'
        f"<footer><p>{escape(source)}</p></footer></main></body></html>"
    ).encode()


def _section(name, body, text, **values):
    return f'<section><h3 class="phuqr-section">{escape(text(name, **values))}</h3>{body}</section>'


def _today(view, text):
    """I4d of the day: venues with a scan that day, and those that scan regularly."""
    total, told = view.today.total, []
    for name in ("active", "regular"):
        fraction = text("day.of_created", count=text.number(total[name]), created=text.number(total["created"]))
        definition = text(f"day.{name}.definition", day=text.day(view.day), first=text.day(view.window.first))
        told.append(tracing_panels.card(text(f"day.{name}"), text.percent(total[f"{name}_rate"]), fraction, definition))
    return tracing_panels.cards(told)


def _days(view, text):
    """The seven days, one row each: a day without data has dashes."""
    names = ("active", "scans", "people")
    columns = [text("chart.day"), text("days.active.count"), text("scans"), text("people")]
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        f"<tr><td>{escape(text.day(row['day']))}</td>"
        + "".join(f"<td>{escape(text.number(row[name]))}<small>{escape(_mean(row[f'{name}_mean7'], text))}</small></td>" for name in names)
        + "</tr>"
        for row in view.days.to_dict("records")
    )
    note = f'<p class="phuqr-rule">{escape(text("day.days"))}</p>'
    return f'<div class="phuqr-table phuqr-days"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}'


def _mean(mean, text):
    return text("day.mean", mean=text.decimal(mean))


def _map(view, polygons, text):
    rows = view.change.now.rows.set_index("code")
    classes, verdicts = classify(rows, RATE), view.lagging.rows["activity"]
    marks = {code: verdict for code, verdict in verdicts.items() if verdict in (LAGGING, WATCH)}
    names = {code: unit.name for code, unit in view.units.items()}
    told = {code: f"{names[code]}: {text.percent(row[RATE])} ({text.rate(row, RATE, *RATES[RATE])})" for code, row in rows.iterrows()}
    title = text("map.title", indicator=text(RATE), unit=view.unit.name)
    drawn = map_svg.draw(polygons, classes, PALETTE, marks, told, names, title) or f"<p>{escape(text('day.no_borders'))}</p>"
    legend = panels.legend(title, legend_entries(classes, RATE, text, None, marks), text, text("legend.fixed"))
    return f'<figure>{drawn}<figcaption>{legend}<p class="phuqr-rule">{escape(text.definition(RATE, view.window))}</p></figcaption></figure>'


def _laggards(view, text):
    found, codes = view.lagging, lagging_panels.rank(view.lagging)
    if not codes:
        return lagging_panels.tallies(found, text) + f"<p>{escape(text('overview.none'))}</p>"
    shown = text("overview.shown", shown=text.number(min(NAMED, len(codes))), count=text.number(len(codes)))
    return lagging_panels.tallies(found, text) + lagging_panels.laggards(found, codes[:NAMED], text) + f'<p class="phuqr-rule">{escape(shown)}</p>'


def _deadlines(view, text):
    if not view.clocks:
        return f"<p>{escape(text('overview.no_deadlines'))}</p>"
    return tracing_panels.cards(lagging_panels.clock(each, text) for each in view.clocks)


def _cases(view, text):
    said = f'<p class="phuqr-notice">{escape(text("report.restricted"))}</p>'
    if not view.gap.visits_known:
        return f"{said}<p>{escape(text('report.gap.no_visits'))}</p>"
    spots = view.hotspots.rows[view.hotspots.rows["shown"] != "closed"].to_dict("records")
    items = "".join(
        f'<li><h4>{escape(row["name"])} <small>{escape(row["commune"])} · {escape(text("hotspots.grade." + str(row["grade"])))} · '
        f"{escape(text('hotspots.state.' + row['shown']))}</small></h4><p>{escape(tracing_panels.why(row, text))}</p></li>"
        for row in spots
    )
    cards = tracing_panels.cards([tracing_panels.spot_card(view.hotspots, text), tracing_panels.gap_card(view.gap.total, view.window, text)])
    return f'{said}{cards}<ol class="phuqr-laggards">{items}</ol>'


def _choices(units, places, chosen, day, text):
    """A form for another unit or day, the file to keep, and the ways to the other pages and out; none of it needs a script."""
    level = LEVELS["province"]
    options = "".join(
        f'<option value="{escape(code)}"{" selected" if code == chosen else ""}>{"" if units[code].level == level else "  "}{escape(units[code].name)}</option>'
        for code in places
    )
    here = {"unit": chosen, "day": day.isoformat()}
    return (
        f'<nav><form action="{PATH}"><input type="hidden" name="lang" value="{text.language}">'
        f'<label>{escape(text("day.unit"))} <select name="unit">{options}</select></label>'
        f'<label>{escape(text("chart.day"))} <input type="date" name="day" value="{day.isoformat()}" required></label>'
        f'<button>{escape(text("day.go"))}</button></form>'
        f'<a href="{escape(address(text, **here, save=1))}">{escape(text("day.save"))}</a>'
        f'<a href="/?{escape(urlencode({"unit": chosen, "lang": text.language}))}">{escape(text("title"))}</a>'
        f'<form method="post" action="/sign-out?lang={text.language}"><button>{escape(text("sign_out"))}</button></form></nav>'
    )
