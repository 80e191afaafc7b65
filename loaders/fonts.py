"""Text typed in fonts of before Unicode: a workbook keeps the Western letters that .VnTime and VNI-Times draw as Vietnamese.

"§øc Thä" (TCVN3) and "Ñöùc Thoï" (VNI) stand for Đức Thọ. Which cells had which font is told by their words: those that are
Vietnamese in one reading alone decide, and of a cell whose words are so in both, the rest of its column.
"""

from collections import Counter
from functools import lru_cache

from loaders.encodings import decode, find_words, is_vietnamese

FONTS = ("tcvn3", "vni")
_FEWEST = 2  # different words that tell a sheet's font
_MOST = 5000


def convert(text, font, doubtful=False):
    """The text in Unicode if its words are Vietnamese in that font rather than as they stand; else itself.

    doubtful: convert it also where they are in both.
    """
    leaning = _lean(text, font)
    return decode(text.encode("cp1252"), font, "replace") if leaning > 0 or (doubtful and leaning == 0) else text


class FontWords:
    """The words of a sheet's cells, to tell its font by."""

    def __init__(self):
        self._words, self._texts = set(), {}

    def take(self, place, text):
        """The text of a cell in the column at that place."""
        if text.isascii() or len(self._words) > _MOST:
            return
        self._words |= find_words(_to_western(text) or b"")
        self._texts.setdefault(place, set()).add(text)

    def recognise(self, titles=None):
        """The ConvertedCells of the font, or None where no cell is of one. titles: the font that the titles are in, if any."""
        strange = [word for word in self._words if not is_vietnamese(word.decode("cp1252", "replace"))]
        found = {font: sum(is_vietnamese(decode(word, font, "replace")) for word in strange) for font in FONTS}
        font = max(FONTS, key=lambda each: (found[each], each == titles))
        rival = min(found.values())
        clear = found[font] >= 0.7 * len(strange) and 2 * rival <= found[font]
        if not clear or found[font] < (1 if font == titles else _FEWEST):
            font = titles if titles and not strange else None
        return ConvertedCells(font, self._texts, font == titles) if font else None


class ConvertedCells:
    """Reads the cells of a sheet of which some are in a font."""

    def __init__(self, font, texts, titled):
        """texts: place of a column -> texts of it; titled: the titles are in that font too."""
        self.font = font
        self._doubtful = {}
        for place, of_column in texts.items():
            leanings = Counter(_lean(text, font) for text in of_column)
            self._doubtful[place] = leanings[1] > leanings[-1] or (titled and not leanings[-1])

    def read(self, record):
        """A record of texts with those of the font in Unicode."""
        return [
            text if text.isascii() else convert(text, self.font, self._doubtful.get(place, False))
            for place, text in enumerate(record)
        ]


@lru_cache(maxsize=100_000)
def _lean(text, font):
    """1 where more of a text's words are Vietnamese in that font, -1 where more are as they stand, 0 where as many are."""
    words = find_words(_to_western(text) or b"")
    if not words:
        return -1
    own = sum(is_vietnamese(word.decode("cp1252", "replace")) for word in words)
    other = sum(is_vietnamese(decode(word, font, "replace")) for word in words)
    return (other > own) - (other < own or not other)


def _to_western(text):
    """The text as bytes of windows-1252; None where it holds a letter that such fonts do not draw over."""
    try:
        return text.encode("cp1252")
    except UnicodeEncodeError:
        return None
