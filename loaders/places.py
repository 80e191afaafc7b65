"""Which commune a row means: by code or by names, in the vintage in force on its day, and never by chance."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from geoalchemy2.shape import to_shape

from geo.crosswalk import list_predecessors
from geo.db import today
from geo.errors import FileError
from geo.names import Names, fold
from geo.schema import admin_unit, unit_alias
from geo.units import list_units, list_vintages, vintage_in_force
from loaders.cells import encode
from loaders.predecessors import FormerNames
from loaders.reading import open_source

# Mainland, shelf, Hoàng Sa and Trường Sa, with a margin: lon, lat of the south-west and the north-east.
COUNTRY = (102.0, 6.0, 118.0, 23.5)
PLACE_COLUMNS = {
    "commune_code": (False, ("Mã xã", "Mã xã/phường/thị trấn", "Mã đơn vị hành chính")),
    "commune": (False, ("Xã/phường/thị trấn", "Xã", "Tên xã", "Xã phường")),
    "district": (False, ("Quận/huyện", "Huyện", "Tên huyện", "Huyện/thị xã/thành phố")),
    "province": (False, ("Tỉnh/thành phố", "Tỉnh", "Tên tỉnh")),
}
TYPED = ["commune_code", "province", "district", "commune"]


def open_placed(path, columns, mapping=None):
    """As open_source; FileError too unless the file has a column of commune codes, or commune and district by name."""
    source = open_source(path, columns, mapping)
    if "commune_code" not in source.headers and not {"commune", "district"} <= source.headers.keys():
        raise FileError(
            f"{source.name}: thiếu cột chỉ nơi chốn; cần commune_code (Mã xã), hoặc commune (Xã/phường/thị trấn) cùng district (Quận/huyện)"
        )
    return source


def choose_vintage(connection, first_day=None):
    """The vintage that begins on `first_day`, or the only one there is."""
    known = list_vintages(connection)
    days = ", ".join(f"{each.valid_from}" for each in known)
    if first_day is None and len(known) > 1:
        raise FileError(f"có nhiều bộ địa giới ({days}); hãy ghi thêm --vintage và một trong các ngày đó")
    chosen = [each for each in known if first_day in (None, each.valid_from)]
    if known and not chosen:
        raise FileError(f"không có bộ địa giới nào từ ngày {first_day}; các bộ đang có: {days}")
    return chosen[0] if chosen else vintage_in_force(known, today())


@dataclass(frozen=True)
class Matched:
    """What a place as typed was found to be. code: None where refused. A rule beside a code is a warning."""

    code: str | None
    column: str | None = None
    rule: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class Placed:
    """Where rows are. vintages, units (0 where unknown): arrays of integers; codes: array of texts, None where unknown."""

    vintages: np.ndarray
    codes: np.ndarray
    units: np.ndarray


class Places:
    """The communes of the database, to match rows to; each distinct spelling is matched once."""

    def __init__(self, writing, vintage=None):
        """vintage: the geo.units.Vintage that all rows speak in; without one, each that in force on its own day."""
        self._connection, self._copier = writing.connection, writing.copier
        self._known = list_vintages(self._connection)
        vintage_in_force(self._known, today())  # or no boundaries are loaded
        self._chosen = vintage
        self._gazetteers, self._matched, self._polygons = {}, {}, {}

    def place(self, findings, days=None):
        """The Placed of the rows of `findings`, which takes what is wrong; days: datetime64, for the vintage in force."""
        rows = findings.rows
        vintages = self._vintages(len(rows), days)
        key, spellings = vintages.astype("i8"), []
        for places, words in (encode(rows[column]) for column in TYPED):
            key = key * (len(words) + 1) + places
            spellings.append((places, words.to_pylist()))
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        matched = [
            self._match(int(vintages[row]), *(words[places[row]] for places, words in spellings)) for row in first
        ]
        for column, rule, refused in {(each.column, each.rule, each.code is None) for each in matched if each.rule}:
            broken = np.array(
                [(each.column, each.rule, each.code is None) == (column, rule, refused) for each in matched]
            )
            remedies = pd.Series([each.remedy for each in matched], dtype=object).take(inverse).set_axis(rows.index)
            findings.add(broken[inverse], column, rule, refused=refused, remedy=remedies)
        codes = np.array([each.code for each in matched], dtype=object)[inverse]
        ids = [self._gazetteer(int(vintages[row])).number(each.code) for row, each in zip(first, matched, strict=True)]
        findings.units = np.array(ids, dtype="i8")[inverse]
        return Placed(vintages, codes, findings.units)

    def parents(self, placed):
        """The code of the unit above each row's commune, "" where that is not known (array)."""
        keys = zip(placed.vintages.tolist(), placed.codes, strict=True)
        return np.array([self._gazetteer(vintage).parent(code) if code else "" for vintage, code in keys], dtype=object)

    def names(self, vintage, parent, typed):
        """Whether `typed` is a name of a commune inside a unit, in any spelling."""
        return self._gazetteer(int(vintage)).names(parent, typed)

    def can_be(self, code, vintage, typed, day=None):
        """Whether a place as typed can be the commune of that code and vintage.

        typed: commune_code, province, district and commune, "" where not told; they may be of the vintage in force on
        `day` as well, of which it is not known what became of the commune.
        """
        theirs, (told, *names) = self._gazetteer(int(vintage)), typed
        found = {theirs.match(code if told in ("", code) else told, *names).code}
        found |= {theirs.match("", *names).code} if not told and names[-1] else set()  # by an older name of it
        if code in found:
            return True
        (other,) = self._vintages(1, pd.Series([day]))
        return int(other) != int(vintage) and self._match(int(other), *typed).code is not None

    def name(self, code, vintage):
        """A commune's own name."""
        return self._gazetteer(int(vintage)).name(code)

    def inside(self, units, lon, lat):
        """Boolean array: the point lies in or on the border of the unit of that number; NaN and unit 0 never do."""
        result = np.zeros(len(units), dtype=bool)
        order = np.argsort(units, kind="stable")
        present, starts = np.unique(units[order], return_index=True)
        self._read_polygons(present)
        for unit, part in zip(present, np.split(order, starts)[1:], strict=True):
            if unit:
                result[part] = shapely.intersects_xy(self._polygons[unit], lon[part], lat[part])
        return result

    def _vintages(self, size, days):
        if self._chosen:
            return np.full(size, self._chosen.id)
        if days is None:
            return np.full(size, vintage_in_force(self._known, today()).id)
        first = np.array([each.valid_from for each in self._known], dtype="datetime64[s]")
        day = days.fillna(pd.Timestamp(today())).to_numpy("datetime64[s]")
        in_force = (np.searchsorted(first, day, side="right") - 1).clip(min=0)
        return np.array([each.id for each in self._known])[in_force]

    def _match(self, vintage, *typed):
        key = (vintage, *typed)
        if key not in self._matched:
            self._matched[key] = self._gazetteer(vintage).match(*typed)
        return self._matched[key]

    def _gazetteer(self, vintage):
        if vintage not in self._gazetteers:
            self._copier.wait()
            units = {each.id: list_units(self._connection, each) for each in self._known}
            days = {each.id: each.valid_from for each in self._known}
            chosen = next(each for each in self._known if each.id == vintage)
            aliases = sa.select(unit_alias.c.district_code, unit_alias.c.alias, unit_alias.c.commune_code)
            aliases = self._connection.execute(aliases.where(unit_alias.c.vintage == vintage))
            self._gazetteers[vintage] = _Gazetteer(
                units[vintage], {day: units[each] for each, day in days.items() if each != vintage},
                {(district, alias): code for district, alias, code in aliases},
                list_predecessors(self._connection, chosen),
            )  # fmt: skip
        return self._gazetteers[vintage]

    def _read_polygons(self, numbers):
        wanted = [int(each) for each in numbers if each and each not in self._polygons]
        if wanted:
            self._copier.wait()
            found = sa.select(admin_unit.c.id, admin_unit.c.geom).where(admin_unit.c.id.in_(wanted))
            for number, geom in self._connection.execute(found):
                self._polygons[number] = to_shape(geom)
                shapely.prepare(self._polygons[number])


class _Gazetteer:
    """The units of one vintage, and what else their names and codes were or are."""

    def __init__(self, units, others, aliases, predecessors):
        """others: first day of each other vintage -> its units; predecessors: of geo.crosswalk.list_predecessors."""
        self._units, self._others, self._aliases = units, others, aliases
        children = {}
        for unit in units.values():
            children.setdefault((unit.parent_code, unit.level), {})[unit.code] = unit.name
        self._names = {parent: Names(of) for parent, of in children.items()}
        self._provinces = list(children[None, 1])
        self._districts = Names({code: unit.name for code, unit in units.items() if unit.level == 2})
        self._former = FormerNames(predecessors, units)

    def number(self, code):
        """The unit's number, 0 for none."""
        return self._units[code].id if code else 0

    def name(self, code):
        """The unit's name."""
        return self._units[code].name

    def parent(self, code):
        """The code of the unit above."""
        return self._units[code].parent_code

    def names(self, parent, typed):
        """Whether a commune inside that unit has this name, or two of them could be meant by it."""
        found = self._names.get((parent, 3), Names({})).match(typed)
        return bool(found.code or found.ambiguous)

    def match(self, code, province, district, commune):
        """The Matched of a place as typed, "" where a column is empty. Names beside a code must be its commune's."""
        return (
            self._match_code(code, province, district, commune)
            if code
            else self._match_names(province, district, commune)
        )

    def _match_code(self, code, province, district, commune):
        elsewhere = [
            (day, units[code].name) for day, units in self._others.items() if code in units and units[code].level == 3
        ]
        told = "; ".join(f"{code} là {name} trong bộ địa giới từ {day:%d/%m/%Y}" for day, name in elsewhere)
        if code not in self._units or self._units[code].level != 3:
            if elsewhere:
                return Matched(None, "commune_code", "code_of_other_vintage", told)
            return Matched(None, "commune_code", "unknown_code")
        own = self._units[code]
        above = [self._units[own.parent_code]]
        if above[0].level == 2:
            above.append(self._units[above[0].parent_code])
        typed = {3: commune, 2: district, 1: province}
        for unit in (own, *above):
            if typed[unit.level] and not Names({unit.code: unit.name}).match(typed[unit.level]).code:
                if commune and any(Names({code: name}).match(commune).code for _, name in elsewhere):
                    return Matched(None, "commune_code", "code_of_other_vintage", f"{told}; còn nay là {own.name}")
                near = ", ".join(each.name for each in (own, *above))
                return Matched(None, "commune_code", "code_and_name_differ", f"có phải: {near}")
        if not commune and any(fold(name) != fold(own.name) for _, name in elsewhere):
            return Matched(code, "commune_code", "reused_code", f"{told}; đã hiểu là {own.name}")
        return Matched(code)

    def _match_names(self, province, district, commune):
        above, fault = self._descend(province, district)
        parent = above[-1] if above else None
        code = None
        if not fault:
            code, fault = _step(self._names.get((parent, 3), Names({})), commune, "commune")
        if fault and commune:
            known = None if fault.column != "commune" else self._match_alias(parent, commune)
            return known or self._match_former(province, district, commune, above, fault) or fault
        return fault or Matched(code)

    def _descend(self, province, district):
        """Codes of the province and district that were typed, as far as they are found, and the fault where one is not."""
        parent = self._provinces[0] if len(self._provinces) == 1 else None
        if province:
            parent, fault = _step(self._names[None, 1], province, "province")
            if fault:
                return [], fault
        above = [parent] if parent else []
        # since 01/07/2025 communes stand right under their province, and no district is asked for
        if district or (parent, 3) not in self._names:
            among = self._districts if parent is None else self._names.get((parent, 2), Names({}))
            found, fault = _step(among, district, "district")
            if fault:
                return above, fault
            above = [self._units[found].parent_code, found]
        return above, None

    def _match_alias(self, parent, commune):
        """By an alias that a person confirmed."""
        for district in (parent, ""):
            code = self._aliases.get((district, fold(commune)))
            if code and parent in (self._units[code].parent_code, None):
                return Matched(code)
        return None

    def _match_former(self, province, district, commune, above, fault):
        """By the name of a unit that went whole into one of today's, with its district and province of then or of now."""
        if fault.rule in ("missing", "ambiguous_name"):
            return None
        codes = self._former.find(province, district, commune, set(above))
        if fault.rule == "unknown_district" and above and self._former.knows_district(district):
            # A district of before in a province that has none now: the commune may be named as it is today
            own = self._names.get((above[0], 3), Names({})).match(commune)
            codes |= {own.code} if own.code else set()
        now = sorted(self._units[code].name for code in codes)
        if len(codes) == 1:
            return Matched(codes.pop(), "commune", "old_name", f"nay là {now[0]}")
        return Matched(None, "commune", "ambiguous_name", f"có phải: {', '.join(now)}") if codes else None


def _step(among, typed, column):
    """The code that a name means among others, or what is wrong with it: (code, Matched)."""
    if not typed:
        return None, Matched(None, column, "missing")
    found = among.match(typed)
    if found.code:
        return found.code, None
    rule = "ambiguous_name" if found.ambiguous else f"unknown_{column}"
    near = f"có phải: {', '.join(found.candidates)}" if found.candidates else None
    return None, Matched(None, column, rule, near)


def recheck_points(connection):
    """Say anew of each venue's point whether it lies outside its commune, after either of them changed."""
    connection.execute(
        sa.text("""
            UPDATE venue v SET outside_commune = NOT ST_Covers(u.geom, v.point)
            FROM admin_unit u
            WHERE u.id = v.unit AND v.point IS NOT NULL AND v.outside_commune = ST_Covers(u.geom, v.point)
        """)
    )
