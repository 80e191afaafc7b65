"""The map of a page with all that stands around it: the way up, the legend, and what is known of the venues' places."""

from html import escape
from urllib.parse import urlencode

import streamlit as st
from streamlit_folium import st_folium

from dashboard import data, data_panels, lagging_panels, panels, state, tracing_panels
from dashboard.app import geometry_url
from dashboard.base_map import base_map
from dashboard.islands import archipelagos, with_islands
from dashboard.map_layers import find_layer
from dashboard.map_view import BREAKS, LAYERS, STATES
from dashboard.maps import LABELS, OUTSIDE, SWATCHES, commune_map, paint, spell
from dashboard.tiles import tiles_url
from dashboard.venue_panel import narrowed, scans_known
from geo.tracing import CASE_ROLES
from geo.units import WHOLE, ancestors, communes_within

HEIGHT = 520
EXPORTS = {"map.html": "HTML", "map.png": "PNG", "map.pdf": "PDF", "communes.geojson": "GeoJSON", "communes.gpkg": "GeoPackage"}
SHAPES = {"never": "✕", "silent": "○", "active": "●", "unknown": "•"}
_SAID = ("shown", "there", "total", "unplaced")
TOLD_ONE_BY_ONE = (
    2000  # communes of more than that have no figures in their tooltips: these would be most of what is sent
)


_MORE_LABELS = (
    "lagging",
    "watch",
    "never",
    "silent",
    "active",
    "unknown",
    "more",
    "rest",
    "venues",
    "play",
    "pause",
    "week",
)


def map_labels(text, **more):
    """The texts of a map that stay as they are, whatever it shows."""
    own = {name: text(f"map.{name}", count="{count}") for name in (*LABELS[2:], *_MORE_LABELS)}
    fixed = {"language": text.language, "map": text("map.label"), "islands": archipelagos(text)}
    fixed |= {"base": base} if (base := base_map()) else {}
    return fixed | own | more


def place_of(atlas, code):
    """The name of a unit with those above it, the largest last."""
    return ", ".join(unit.name for unit in ancestors(atlas.units, code))


def top_of(atlas, unit):
    """The code of the largest unit in scope around a unit: that whose borders the map holds."""
    return WHOLE if unit == WHOLE else atlas.top(unit).code


def go_to(unit, commune=None, near=False):
    """Choose a unit, and a commune in it; for callbacks."""
    state.overrule_table("commune")
    st.session_state.update({"unit": unit, "commune": commune, "map-near": near})
    if "written" not in st.session_state:
        state.go_on_opening(unit=unit, commune=commune, near="1" if near else None)


def show_path(atlas, filters, text):
    """From all in scope down to what is shown, each a button that leads up to it."""
    steps = (
        [] if filters.unit == WHOLE else [each for each in ancestors(atlas.units, filters.unit) if each.in_scope][::-1]
    )
    ways = [(step.name, step.code, None) for step in steps]
    if len(atlas.tops()) > 1:
        ways.insert(0, (text("whole"), WHOLE, None))
    if filters.commune and filters.commune != filters.unit:
        ways.append((atlas.units[filters.commune].name, filters.unit, filters.commune))
    line = st.container(key="map-path", horizontal=True, gap="small", vertical_alignment="center")
    for place, (name, unit, commune) in enumerate(ways):
        here = place == len(ways) - 1
        line.button(
            "› " * (place > 0) + data_panels.plain(name), key=f"path-{place}", type="tertiary", disabled=here and not commune,
            on_click=go_to, args=(unit, commune, commune is not None),
        )  # fmt: skip


def take_click(reader, atlas, filters, outside, key):
    """What a click on the map, or a place found there, leads to."""
    state.overrule_table("commune")
    state.overrule_table("map-venue")
    said = st.session_state[key]
    if "venue" in said:  # a mark tells the code, a point of a tile the number
        marked = shows_hotspots(reader, filters)
        st.session_state["map-venue"] = said["venue"] if marked else data.venue_code(reader.scope, int(said["venue"]))
        if "written" not in st.session_state:
            state.go_on_opening(venue=st.session_state["map-venue"])
        return None
    # What a run that was cut short had been told is not what stands now
    filters = state.from_widgets() if "written" in st.session_state else filters
    code = said.get("unit")
    if code in atlas.units and atlas.units[code].in_scope:
        return go_to(code)
    code = said.get("commune")
    if code not in atlas.units or not atlas.units[code].in_scope:
        return None
    near, unit = bool(said.get("near")), filters.unit
    parent = atlas.units[code].parent_code
    if not near and code == filters.commune:  # once more on the same: a step down to it
        path = [each.code for each in ancestors(atlas.units, code) if each.in_scope][::-1]
        below = path[path.index(unit) + 1 :] if unit in path else path
        near, unit = below[0] == code, unit if below[0] == code else below[0]
    elif code in outside or near:
        unit = parent if atlas.units[parent].in_scope else unit
    return go_to(unit, code, near)


def show_map(reader, held, filters, atlas, found, text, key="map", height=HEIGHT, camera=None, largest=None, report=None):
    """The communes coloured as the chosen layer says, and the legend.

    The geometry is that of all in scope around the chosen unit, so that it travels once. found: the Coverage by commune. camera: a name that maps of one page share, where they are to move as one; largest: the number of
    venues of their largest circle. report: what the browser asks for once it has drawn the map.
    """
    top = top_of(atlas, filters.unit)
    layer = find_layer(reader, held, filters, atlas, found, text)
    codes = communes_within(atlas.units, top)
    outside = dict.fromkeys(set(codes) - set(layer.classes.index), OUTSIDE)
    box = {code: data.bounds(held.version, reader.scope, atlas.vintage.id, code) for code in (filters.unit, top)}
    box[top] = with_islands(box[top]) if top == WHOLE else box[top]
    focus = box[filters.unit] if filters.unit != top else None
    if filters.view.near and filters.commune:
        focus = data.bounds(held.version, reader.scope, atlas.vintage.id, filters.commune)
    one_by_one = len(codes) <= TOLD_ONE_BY_ONE and "weeks" not in layer.more
    rates, fractions = layer.tell() if one_by_one else (None, None)
    venues = filters.view.layer == "venues"
    colours = paint(
        geometry_url(atlas.vintage, top), box[top], codes, outside | layer.classes.to_dict(), layer.palette,
        focus=focus,
        marks=layer.marks,
        sizes=None if venues else found.rows.set_index("code")["created"].fillna(0).to_dict(),
        largest=largest,
        size_title=text("map.sizes"),
        rates=rates,
        fractions=fractions,
        labels=dict(enumerate(layer.labels)) | {"n": text("no_data"), "f": text("too_few_short")},
        indicator=layer.title,
        caption=caption(filters, found, layer, text),
        source=text("source", source=atlas.vintage.origin, valid_from=text.day(atlas.vintage.valid_from)),
        selected=filters.commune,
        **({"mark_labels": layer.mark_labels} if layer.mark_labels else {}),
        **({"camera": camera} if camera else {}),
        **({"report": report} if report else {}),
        **frames(layer, outside, codes, text),
        **venue_layer(reader, held, filters, atlas, found, text),
    )  # fmt: skip
    drawn, looked = [colours], read_hotspots(reader, held, filters)
    if looked:
        kinds = {code: names[text.language != "vi"] for code, names in data.kinds(held.version, reader.scope).items()}
        drawn.append(tracing_panels.mark_hotspots(*looked, kinds, text, filters.view.venue))
    st_folium(
        commune_map(map_labels(text)), key=key, height=height, use_container_width=True, returned_objects=[],
        feature_group_to_add=drawn, on_change=lambda: take_click(reader, atlas, filters, outside, key),
    )  # fmt: skip
    if venues:
        st.html(state_legend(text))
    if looked:
        spots, clusters = looked
        st.html(tracing_panels.spot_legend(spots.rows, clusters, spots.metres, text))
    entries = layer.entries + [(SWATCHES[OUTSIDE], text("legend.outside"), len(outside))] * bool(outside)
    st.html(panels.legend(layer.title, entries, text, layer.rule))
    if "pattern" in layer.more:
        names = {code: unit.name for code, unit in atlas.units.items()}
        st.html(lagging_panels.pattern(layer.more["pattern"], names, text))


def shows_hotspots(reader, filters):
    """Whether the marks of hotspots are asked for by who may see them, of one area."""
    return filters.view.layer == "hotspots" and reader.scope.role in CASE_ROLES and filters.unit != WHOLE


def read_hotspots(reader, held, filters):
    """The Hotspots and their clusters where they are shown; else None. Each look goes on record."""
    if not shows_hotspots(reader, filters):
        return None
    found, clusters, _ = data.hotspots(*data.ask_cases(reader, held, filters.unit), filters.window.first, filters.window.last)
    return found, clusters


def frames(layer, outside, codes, text):
    """The weeks that the browser can play, the oldest first: what each is called and the communes' classes in it."""
    if "weeks" not in layer.more:
        return {}
    played = [
        {"label": text.window(week), "classes": spell(codes, outside | classes.to_dict(), layer.palette)}
        for week, classes in layer.more["weeks"]
    ]
    return {"frames": played}


def venue_layer(reader, held, filters, atlas, found, text):
    """What the map is told of venues: where their tiles are and how many there are; nothing unless their layer is chosen."""
    if filters.view.layer != "venues":
        return {}
    meant, known, window = narrowed(filters), scans_known(found), filters.window
    asked = atlas.vintage, filters.unit, window.first, window.last, meant, known
    counts = data.venue_counts(held.version, reader.scope, *asked)
    total, placed = (int(counts[column].sum()) for column in ("venues", "with_point"))
    said = {name: text(f"map.said_{name}", **{part: f"{{{part}}}" for part in _SAID}) for name in ("near", "far")}
    url = tiles_url(held, atlas.vintage, filters.unit, window, meant, known)
    return {"venues": {"url": url, "said": said, "total": total, "unplaced": total - placed}}


def state_legend(text):
    """What the shapes of the venues' points stand for, as the browser draws them."""
    items = "".join(
        f'<li><i class="phuqr-shape phuqr-{name}">{shape}</i><span>{escape(text(f"map.{name}"))}</span></li>'
        for name, shape in SHAPES.items()
    )
    return f'<section class="phuqr-legend"><h3>{escape(text("layer.venues"))}</h3><ul>{items}</ul></section>'


def caption(filters, found, layer, text):
    """What stands on the map itself: what it shows, of where and when, as of when, and how that is defined."""
    place = found.unit.name or text("whole")
    lines = [text.window(found.window), text("as_of", when=text.moment(found.holdings.as_of))]
    if filters.group:
        lines.append(text("map.group", group=text.group(filters.group)))
    title, definition = layer.title, layer.definition
    if filters.view.layer == "venues":
        title, definition = text("layer.venues"), text("venues.definition", indicator=layer.title)
    return {
        "title": text("map.title", indicator=title, unit=place),
        "lines": lines,
        "definition": definition,
    }


def show_quality(reader, held, filters, atlas, text):
    """Of how many venues it is not known where they are; each figure leads to the list of them."""
    known = data.points(held.version, reader.scope, atlas.vintage, filters.unit)
    if not known["venues"]:
        return
    line = st.container(key="map-quality", horizontal=True, vertical_alignment="center", gap="small")
    line.html(f'<b class="phuqr-quality-title">{text("quality.title")}</b>')
    said = {
        "no_point": text("quality.no_point", count=text.number(known["no_point"]), of=text.number(known["venues"])),
        "outside": text("quality.outside", count=text.number(known["outside"])),
    }
    for name, label in said.items():
        line.button(
            label,
            key=f"quality-{name}",
            type="tertiary",
            on_click=lambda name=name: st.session_state.update({"map-state": name}),
        )


def choose_layer(reader, held, filters, text):
    """What the map shows beside its communes' colours, and of venues which."""
    layers = list(LAYERS)
    if reader.scope.role not in CASE_ROLES or filters.unit == WHOLE:
        layers.remove("hotspots")
    if filters.view.layer not in layers:
        st.session_state["map-layer"] = "rates"
    st.segmented_control(
        text("layer"), layers, key="map-layer", format_func=lambda name: text(f"layer.{name}"), required=True, width="stretch",
        label_visibility="collapsed",
    )  # fmt: skip
    if filters.view.layer != "venues":
        return
    places = st.columns(3, gap="small")
    for place, name, known in (
        (places[0], "kind", data.kinds(held.version, reader.scope)),
        (places[1], "department", data.departments(held.version, reader.scope)),
    ):
        names = {code: told[text.language != "vi"] for code, told in known.items()}
        if getattr(filters.view, name) not in names:
            st.session_state[f"map-{name}"] = None
        place.selectbox(
            text(f"venues.{name}"), list(names), key=f"map-{name}", format_func=names.get, placeholder=text(f"venues.any_{name}"),
            index=None, label_visibility="collapsed",
        )  # fmt: skip
    places[2].selectbox(
        text("venues.state"), STATES, key="map-state", format_func=lambda name: text(f"venues.{name}"), index=None,
        placeholder=text("venues.any_state"), label_visibility="collapsed",
    )  # fmt: skip


def choose_breaks(text):
    """How the classes are made."""
    st.selectbox(text("breaks"), BREAKS, key="map-breaks", format_func=lambda name: text(f"breaks.{name}"))


def show_exports(filters, text):
    """Links that take the map away, as it is chosen."""
    query = urlencode(filters.as_query())
    links = "".join(
        f'<a href="{escape(f"/export/{name}?{query}")}" target="_self" download>{escape(label)}</a>' for name, label in EXPORTS.items()
    )
    st.html(f'<p class="phuqr-take"><b>{escape(text("take"))}</b>{links}</p>')
