"""What of the map is chosen besides unit, days and indicator, as a part of the page's address."""

import re
from dataclasses import dataclass, fields
from datetime import date

from geo.coverage import Window
from geo.errors import WindowError

LAYERS = ("rates", "change", "clusters", "weeks", "venues", "hotspots")
BREAKS = ("fixed", "quantiles", "natural")
STATES = ("never", "silent", "active", "no_point", "outside")
_CODE = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_KIND = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class View:
    """The choices of the map; each stands in the address unless it is as here.

    layer, breaks: of LAYERS, BREAKS. near: the open commune is brought into view. kind, department, state: which venues are meant
    (state: of STATES); venue: code of the open one. beside_from, beside_to: first and last day of the window shown beside the page's own, for a
    split view. drawn: first day of the vintage on which the figures are shown, where it is not their own.
    """

    layer: str = "rates"
    breaks: str = "fixed"
    near: bool = False
    kind: str | None = None
    department: str | None = None
    state: str | None = None
    venue: str | None = None
    beside_from: date | None = None
    beside_to: date | None = None
    drawn: date | None = None

    @property
    def beside(self):
        """The other Window of a split view; None without one."""
        return Window(self.beside_from, self.beside_to) if self.beside_from and self.beside_to else None

    def as_query(self):
        """The address's parameters of what is not as it is by itself."""
        chosen = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: "1" if value is True else str(value)
            for (name, value), field in zip(chosen.items(), fields(self), strict=True)
            if value != field.default
        }


PARAMETERS = tuple(field.name for field in fields(View))
DEFAULTS = {field.name: field.default for field in fields(View) if isinstance(field.default, str)}


def read_view(query, commune):
    """The View that an address asks for; what is missing or unusable is as it is by itself. commune: the open one, or None."""

    def one_of(name, known):
        return query[name] if query.get(name) in known else getattr(View, name)

    def matching(name, pattern):
        return query[name] if pattern.fullmatch(query.get(name) or "") else None

    def day(name):
        try:
            return date.fromisoformat(query.get(name) or "")
        except ValueError:
            return None

    days = {"beside_from": day("beside_from"), "beside_to": day("beside_to")}
    try:
        if not all(days.values()) or not Window(*days.values()):
            days = {}
    except WindowError:
        days = {}
    return View(
        layer=one_of("layer", LAYERS),
        breaks=one_of("breaks", BREAKS),
        near=commune is not None and query.get("near") == "1",
        kind=matching("kind", _KIND),
        department=matching("department", _KIND),
        state=one_of("state", STATES),
        venue=matching("venue", _CODE),
        drawn=day("drawn"),
        **days,
    )
