"""Communes by the names they had before a merger: with their district and province of then, or of now."""

from geo.names import Names


class FormerNames:
    """The communes that went whole into those of one vintage, by their names of then."""

    def __init__(self, predecessors, units):
        """predecessors: of geo.crosswalk.list_predecessors; units: code -> Unit of the vintage they went into."""
        self._rows = []
        for old in predecessors.itertuples():
            above = units[units[old.code].parent_code]
            province = above.parent_code or above.code
            self._rows.append((old.old_province, province, old.old_district or "", above.code, old.old_name, old.code))
        self._provinces = Names({name: name for name, *_ in self._rows})
        self._districts = Names({name: name for _, _, name, *_ in self._rows if name})

    def find(self, province, district, commune, inside):
        """Codes (set) of today's communes that one of that name went into.

        province, district: as typed, "" where not told. inside: codes of today's units that these were found to be: a
        commune counts where its district of then or of now is meant, and so its province.
        """
        provinces, districts = _meant(self._provinces, province), _meant(self._districts, district)
        found = {
            (name, code): name
            for then, now, old, above, name, code in self._rows
            if (not province or then in provinces or now in inside)
            and (not district or old in districts or above in inside)
        }
        match = Names(found).match(commune)
        if match.code:
            return {match.code[1]}
        return {code for name, code in found if match.ambiguous and name in match.candidates}

    def knows_district(self, district):
        """Whether that is, or could be, a district that one of them was in."""
        return bool(_meant(self._districts, district))


def _meant(names, typed):
    """The names that `typed` is, or could be (set)."""
    if not typed:
        return set()
    match = names.match(typed)
    return {match.code} if match.code else set(match.candidates) if match.ambiguous else set()
