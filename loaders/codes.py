"""Many texts told apart at a time: a hash table in NumPy's arrays, exact, without an object for each text."""

import numpy as np
import pyarrow.compute as pc

from loaders.cells import cells_of, letters_of

_SHORT = 64  # bytes; longer texts, of which there are few, are kept in a dictionary
_NONE = -1
# Drawn anew by each process, so that nobody can write a file of texts that all fall together
_FACTORS = np.random.default_rng().integers(0, 1 << 63, 1 + _SHORT // 8, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio: Knuth, TAOCP 3, 6.4


class CodeTable:
    """Texts and their places, by which they are found in the time that a hundred nanoseconds a text take."""

    def __init__(self):
        self._words = np.empty((1024, 1), np.uint64)  # a row for each text: its length, then its bytes by eights
        self._slots = np.full(4096, _NONE, np.int32)  # open addressing: where the hash points to, or the next free one
        self._long = {}
        self._size = 0

    def __len__(self):
        return self._size

    def find(self, texts):
        """The place of each text of a Series (array), -1 where it has none."""
        return self._look_up(*_pack(texts))

    def add(self, texts):
        """The place of each text of a Series (array): that of before, or the next one; a text that comes twice keeps its first."""
        words, long = _pack(texts)
        count = len(words)
        self._make_room(count, words.shape[1])
        self._words[self._size : self._size + count, : words.shape[1]] = words
        self._words[self._size : self._size + count, words.shape[1] :] = 0
        places = self._look_up(words, long, self._size)
        self._size += count
        return places

    def _look_up(self, words, long, first=None):
        """The places of packed texts; first: place of the first of them, where they are to be added."""
        places, mask = np.full(len(words), _NONE, np.int64), len(self._slots) - 1
        slots, rows = (_hash(words) & np.uint64(mask)).astype(np.int64), np.arange(len(words))
        rows = rows[~np.isin(rows, list(long))] if long else rows
        while len(rows):
            held = self._slots.take(slots if len(rows) == len(slots) else slots[rows])
            if first is not None and (held == _NONE).any():
                free = rows[held == _NONE][::-1]  # of texts that come to one slot the first one is written last
                self._slots[slots[free]] = first + free
                held = self._slots[slots[rows]]
            same = (held != _NONE) & self._are_equal(held, words, rows)
            places[rows[same]] = held[same]
            rows = rows[~same & (held != _NONE)]
            slots[rows] = (slots[rows] + 1) & mask
        for row, text in long.items():
            places[row] = self._long.get(text, _NONE) if first is None else self._long.setdefault(text, first + row)
        return places

    def _are_equal(self, held, words, rows):
        stored = self._words.take(held, axis=0, mode="wrap")
        wanted = words if len(rows) == len(words) else words.take(rows, axis=0)
        equal = stored[:, 0] == wanted[:, 0]  # the lengths: of those of one length the same columns are filled
        for column in range(1, min(stored.shape[1], wanted.shape[1])):
            equal &= stored[:, column] == wanted[:, column]
        return equal

    def _make_room(self, count, width):
        rows, columns = self._words.shape
        if self._size + count > rows or width > columns:
            wider = np.zeros((max(rows, 2 * (self._size + count)), max(columns, width)), np.uint64)
            wider[: self._size, :columns] = self._words[: self._size]
            self._words = wider
        if 2 * (self._size + count) > len(self._slots):
            kept = np.sort(self._slots[self._slots != _NONE])
            self._slots = np.full(1 << int(4 * (self._size + count)).bit_length(), _NONE, np.int32)
            self._put_back(kept)

    def _put_back(self, kept):
        mask = len(self._slots) - 1
        slots, rows = (_hash(self._words[kept]) & np.uint64(mask)).astype(np.int64), np.arange(len(kept))
        while len(rows):
            free = rows[self._slots[slots[rows]] == _NONE]
            self._slots[slots[free]] = kept[free]
            rows = rows[self._slots[slots[rows]] != kept[rows]]
            slots[rows] = (slots[rows] + 1) & mask


def _hash(words):
    """64 bits of each row, those that tell most last; columns of zeros beyond a text's own change nothing."""
    mixed = words[:, 0] * _FACTORS[0]
    for column in range(1, words.shape[1]):
        mixed += words[:, column] * _FACTORS[column]
    mixed ^= mixed >> np.uint64(32)
    mixed *= _GOLDEN
    return mixed >> np.uint64(24)


def _pack(texts):
    """Rows of words (length, bytes by eights) of a Series of texts, and row -> text of those too long for it."""
    cells = cells_of(texts).combine_chunks()
    cells = cells if not hasattr(cells, "chunks") else cells.chunk(0)
    lengths = pc.binary_length(cells).to_numpy()
    data, begins = letters_of(cells), np.cumsum(lengths) - lengths
    long = {int(row): cells[int(row)].as_py() for row in np.flatnonzero(lengths > _SHORT)}
    sizes = np.unique(lengths[lengths <= _SHORT])
    width = int(sizes.max(initial=0) + 7) // 8
    words = np.zeros((len(cells), 1 + width), np.uint64)
    words[:, 0] = lengths
    letters = words[:, 1:].view(np.uint8) if width else None
    for size in sizes[sizes > 0].tolist():
        if len(sizes) == 1 and not long:
            letters[:, :size] = data.reshape(-1, size)
        else:
            rows = np.flatnonzero(lengths == size)
            letters[rows, :size] = data[begins[rows, None] + np.arange(size)]
    return words, long
