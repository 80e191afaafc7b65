"""Units that one list names found in another list of units, though spelled, ranked or districted otherwise."""

import re
from collections import defaultdict

import pandas as pd

from geo.names import Names, find_kind, split_kind

_IN_BRACKETS = re.compile(r"(.*?)\s*\((.+)\)")


def match_units(places, units, one_to_one=False):
    """The unit of each place.

    places: frame of text, one row a place: code, commune, kind, district, province, province_code, "" where not told; kind
    goes before a commune's name that has none, and the province's code is asked where its name is unknown, since provinces
    have been renamed. units: frame code, name, district, province, province_code; district null where there is none.
    one_to_one: the places are the units, at most once each: a looser reading is not asked of a unit that a stricter one
    took, and where one place and one unit of a district are left over, they are taken for each other.
    Returns a frame on the places' index: code (None where none was found); rule, column and near say why not (near: names
    it could be); note says what the match had to overlook: "other_kind", "other_district", "other_code", "other_spelling", "by_exclusion".
    """
    search = _Search(units)
    found = {row: None for row in places.index}
    faults, notes, taken = {}, {}, set()
    for step in ("in_district", "in_district_bare", "in_province", "in_province_bare", "by_code"):
        for place in places[[found[row] is None for row in places.index]].itertuples():
            code, fault = getattr(search, step)(place, taken if one_to_one else frozenset())
            if code is None:
                faults.setdefault(place.Index, fault)
                continue
            found[place.Index] = code
            if step in ("in_province", "in_province_bare"):
                notes[place.Index] = "other_district"
            elif step == "in_district_bare" and not _same_kind(_kind(place), split_kind(search.names[code])[0]):
                notes[place.Index] = "other_kind"
            elif step == "by_code" and place.commune:
                notes[place.Index] = "other_spelling"
            elif re.fullmatch("[0-9]{5}", place.code) and place.code != code:
                notes[place.Index] = "other_code"
        taken = {code for code in found.values() if code}
    if one_to_one:
        for row, code in _pair_rest(places, search, found):
            found[row], notes[row] = code, "by_exclusion"
    rows = [(found[row], *((None,) * 3 if found[row] else faults[row]), notes.get(row)) for row in places.index]
    return pd.DataFrame(rows, columns=["code", "rule", "column", "near", "note"], index=places.index, dtype=object)


class _Search:
    def __init__(self, units):
        self.names = dict(zip(units["code"], units["name"]))
        self.district = dict(zip(units["code"], units["district"].fillna("")))
        self.of = defaultdict(lambda: defaultdict(dict))  # province -> district -> code -> name
        for unit in units.itertuples():
            self.of[unit.province][self.district[unit.code]][unit.code] = unit.name
        self.provinces = Names({name: name for name in self.of})
        self.coded = dict(zip(units["province_code"], units["province"]))
        self.made = {}

    def in_district(self, place, taken):
        return self._in_districts(place, _full(place), taken)

    def in_district_bare(self, place, taken):
        return self._in_districts(place, split_kind(place.commune)[1], taken)

    def in_province(self, place, taken):
        return self._in_province(place, _full(place), taken)

    def in_province_bare(self, place, taken):
        return self._in_province(place, split_kind(place.commune)[1], taken)

    def by_code(self, place, taken):
        """The unit of the code: where no name is told, or one that comes near."""
        if place.code not in self.names or place.code in taken:
            return None, ("unknown_code", "code", ())
        _, fault = self._in_province(place, _full(place), frozenset())
        near = fault[2] if place.commune and fault else ()
        fits = not place.commune or self.names[place.code] in near
        return (place.code, None) if fits else (None, ("code_and_name_differ", "code", (self.names[place.code],)))

    def districts(self, place):
        """province, the districts a place may be in, and the fault where there are none."""
        if not place.province and len(self.of) == 1:
            (province,) = self.of
        else:
            found = self.provinces.match(place.province)
            province = found.code or self.coded.get(place.province_code or None)
            if province is None:
                return (
                    None,
                    (),
                    ("ambiguous_name" if found.ambiguous else "unknown_province", "province", found.candidates),
                )
        among = self.of[province]
        if not place.district or set(among) == {""}:
            return province, tuple(among), None
        found = self._names((province,), {name: name for name in among}).match(plain_district(place.district))
        if found.code or found.ambiguous:
            return province, (found.code,) if found.code else found.candidates, None
        return province, (), ("unknown_district", "district", found.candidates)

    def _in_districts(self, place, typed, taken):
        if not typed:
            return None, ("missing", "commune", ())
        province, districts, fault = self.districts(place)
        if fault:
            return None, fault
        units = {code: name for district in districts for code, name in self.of[province][district].items()}
        return self._pick(place, self._names((province, *districts), units).match(typed), units, taken)

    def _in_province(self, place, typed, taken):
        province, _, fault = self.districts(place)
        if not typed or province is None:
            return None, fault
        units = {code: name for district in self.of[province].values() for code, name in district.items()}
        return self._pick(place, self._names((province, None), units).match(typed), units, taken)

    def _pick(self, place, match, units, taken):
        if match.ambiguous and place.code in units and units[place.code] in match.candidates:
            return place.code, None
        rule = "ambiguous_name" if match.ambiguous else "unknown_commune"
        code = match.code if match.code not in taken else None
        return code, (rule, "commune", match.candidates)

    def _names(self, key, units):
        if key not in self.made:
            self.made[key] = Names(units)
        return self.made[key]


def _pair_rest(places, search, found):
    """(row, code) where in the districts that a file's district was found in one place and one unit are left over."""
    free = set(search.names) - set(found.values())
    for (_, district), of in places.groupby(["province", "district"]):
        rest = [row for row in of.index if found[row] is None]
        held = {search.district[found[row]] for row in of.index if found[row]}
        provinces = {province for place in of[:1].itertuples() for province in [search.districts(place)[0]]} - {None}
        left = [
            code
            for province in provinces
            for name in held
            for code in search.of[province].get(name, ())
            if code in free
        ]
        if district and len(rest) == len(left) == 1:
            yield rest[0], left[0]


def _kind(place):
    return split_kind(place.commune)[0] or find_kind(place.kind)


def _same_kind(one, other):
    return one == other or None in (one, other)


def _full(place):
    told = split_kind(place.commune)[0] is not None or not place.commune
    return place.commune if told else f"{_kind(place) or ''} {place.commune}".strip()


def plain_district(district):
    """ "Kỳ Anh (Thị xã)" as "Thị xã Kỳ Anh"."""
    found = _IN_BRACKETS.fullmatch(district)
    kind = find_kind(found[2]) if found else None
    return f"{kind} {found[1]}" if kind else district
