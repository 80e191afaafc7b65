"""The map to take away: a page that opens from a USB stick, a picture, a printed sheet, and the communes with their figures."""

import json
import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from xstatic.pkg import leaflet

from dashboard import panels
from dashboard.islands import archipelagos, with_islands
from dashboard.map_layers import find_layer
from dashboard.maps import LABELS, commune_map, encode_topojson, map_script, paint
from geo.coverage import COUNTS, DEFINITIONS, RATES
from geo.units import WHOLE, read_polygons

_STATIC = files("dashboard") / "static"


@dataclass(frozen=True)
class Exported:
    """What an export is made of: the layer that is chosen, its polygons in the order of their codes, and what stands beside them."""

    filters: object
    atlas: object
    coverage: object
    layer: object
    polygons: gpd.GeoDataFrame
    text: object

    @property
    def place(self):
        """The name of what is shown."""
        return self.coverage.unit.name or self.text("whole")

    @property
    def title(self):
        return self.text("map.title", indicator=self.layer.title, unit=self.place)

    @property
    def lines(self):
        """Window, as-of, filters, and what the figures are not."""
        text, coverage = self.text, self.coverage
        said = [text.window(coverage.window), text("as_of", when=text.moment(coverage.holdings.as_of))]
        said.append(text("map.group", group=text.group(self.filters.group or "all")))
        said += [text("banner_invented")] * coverage.holdings.invented + [text("banner_sketched")] * coverage.vintage.sketched
        return said

    @property
    def source(self):
        vintage = self.coverage.vintage
        return self.text("source", source=vintage.origin, valid_from=self.text.day(vintage.valid_from))

    @property
    def bounds(self):
        """West, south, east and north, with the islands where it is a map of the country."""
        return with_islands(tuple(self.polygons.total_bounds)) if self.filters.unit == WHOLE else tuple(self.polygons.total_bounds)


def read_exported(connection, reader, held, filters, atlas, coverage, text):
    """The Exported of filters; the polygons are those of the unit that is shown."""
    unit = None if filters.unit == WHOLE else filters.unit
    polygons = read_polygons(connection, coverage.vintage.id, unit)
    return Exported(filters, atlas, coverage, find_layer(reader, held, filters, atlas, coverage, text), polygons, text)


def standalone_page(exported):
    """One HTML file (bytes) that needs no other and asks for nothing: the map of folium, its scripts and styles in it."""
    text, layer = exported.text, exported.layer
    polygons, (rates, fractions) = exported.polygons, layer.tell()
    codes = list(polygons["code"])
    above = {code: exported.atlas.units[code] for code in set(polygons["parent_code"])}
    topology = json.loads(encode_topojson(polygons, {code: (unit.name, unit.parent_code) for code, unit in above.items()}))
    texts = {name: text(f"map.{name}", count="{count}") for name in (*LABELS[2:], "lagging", "watch")} | {"search": ""}
    labels = texts | {"language": text.language, "map": text("map.label"), "islands": archipelagos(text)}
    shown = commune_map(labels)
    shown.add_child(
        paint(
            topology, exported.bounds, codes, layer.classes.to_dict(), layer.palette, marks=layer.marks,
            sizes=exported.coverage.rows.set_index("code")["created"].fillna(0).to_dict(), size_title=text("map.sizes"),
            rates=rates, fractions=fractions, labels=dict(enumerate(layer.labels)), indicator=layer.title,
            caption={"title": exported.title, "lines": exported.lines, "definition": layer.definition}, source=exported.source,
            **({"mark_labels": layer.mark_labels} if layer.mark_labels else {}),
        )
    )  # fmt: skip
    foot = f'<footer class="phuqr-foot">{panels.legend(layer.title, layer.entries, text, layer.rule)}</footer>'
    page = _inline(shown.get_root().render(), f"<title>{escape(exported.title)}</title>")
    # Only now: branca reads what it is given as a template, in which a name of a file could be code
    return page.replace("</body>", f"{foot}</body>", 1).encode()


def _inline(page, head):
    """The page with each file that it names put in its place, and more for its head."""
    base = Path(leaflet.BASE_DIR)
    style = re.sub(r"/\*.*?\*/", "", (base / "leaflet.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    style = re.sub(r"url\([^)]*\)", "none", style)  # pictures of a marker and of layers, which the map does not have
    style += (_STATIC / "phuqr-map.css").read_text(encoding="utf-8") + (_STATIC / "phuqr-export.css").read_text(encoding="utf-8")
    scripts = {"/lib/leaflet/leaflet.js": (base / "leaflet.js").read_text(encoding="utf-8"), "/lib/phuqr.js": map_script().decode()}
    page = re.sub(r'<link[^>]*href="/lib/[^"]*"[^>]*/?>', "", page)
    for address, script in scripts.items():
        page = re.sub(rf'<script[^>]*src="{re.escape(address)}"[^>]*></script>', lambda _: f"<script>{script}</script>", page, count=1)
    return page.replace("</head>", f"{head}<style>{style}</style></head>", 1)


def communes_frame(exported):
    """The communes with their figures: code, name, district, counts and rates, first and last day of the window, as-of, geometry (EPSG:4326)."""
    units, rows = exported.atlas.units, exported.coverage.rows.set_index("code")
    figures = rows.loc[exported.polygons["code"], [*COUNTS, *RATES]].reset_index(drop=True)
    frame = exported.polygons[["code", "name"]].reset_index(drop=True)
    frame["district"] = [units[code].name for code in exported.polygons["parent_code"]]
    frame = pd.concat([frame, figures.astype({rate: "float64" for rate in RATES})], axis=1)
    window, as_of = exported.coverage.window, exported.coverage.holdings.as_of
    frame = frame.assign(first_day=str(window.first), last_day=str(window.last), as_of=as_of.isoformat(timespec="seconds") if as_of else "")
    return gpd.GeoDataFrame(frame, geometry=exported.polygons.geometry.to_numpy(), crs=4326)


def facts(exported):
    """What the figures are, as pairs of a name and a text."""
    vintage = exported.coverage.vintage
    return {
        "title": exported.title, "source": exported.source, "boundaries": str(vintage.valid_from),
        "group": exported.filters.group or "", "notes": " ".join(exported.lines), "made": datetime.now().astimezone().isoformat(timespec="seconds"),
    } | {f"definition of {name}": DEFINITIONS[name] for name in (*COUNTS, *RATES)}  # fmt: skip


def communes_geojson(exported):
    """The communes as GeoJSON (bytes), RFC 7946, with `facts` beside the features."""
    body = json.loads(communes_frame(exported).to_json(drop_id=True, na="null"))
    body.pop("crs", None)
    return json.dumps({"type": body["type"], "facts": facts(exported), "features": body["features"]}, ensure_ascii=False).encode()


def communes_geopackage(exported):
    """The communes as a GeoPackage (bytes): a layer "communes" and a table "facts"."""
    with tempfile.TemporaryDirectory(prefix="phuqr-export-") as folder:
        path = Path(folder) / "communes.gpkg"
        communes_frame(exported).to_file(path, layer="communes", engine="pyogrio")
        told = pd.DataFrame(facts(exported).items(), columns=["name", "said"])
        pyogrio.write_dataframe(told, path, layer="facts", append=True)
        return path.read_bytes()
