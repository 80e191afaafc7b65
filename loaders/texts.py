"""Tables in text files, csv and tsv: character set and delimiter recognised, rows streamed and never held whole.

What pyarrow reads exactly as Python's csv module would goes through pyarrow, a row in a hundred nanoseconds; all
else, and the rest of a file from the first row that pyarrow refuses, goes through csv.
"""

import codecs
import csv
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice

import numpy as np
import pyarrow as pa
import pyarrow.csv

from geo.errors import FileError
from loaders.encodings import LABELS, decode, find_words, recognise, recognise_utf16
from loaders.frames import CHUNK, make_frame, make_frames
from loaders.titles import SEARCHED, trim

_DELIMITERS = {
    ",": "dấu phẩy", ";": "dấu chấm phẩy", "\t": "dấu tab", "|": "dấu gạch đứng",
    ":": "dấu hai chấm", "^": "dấu mũ", "~": "dấu ngã",
}  # fmt: skip
# Letter -> the delimiters, one bit each, with which a cell may begin behind it and end before it
_CELL_ENDS = {ord(each): 1 << place for place, each in enumerate(_DELIMITERS)} | dict.fromkeys(b'\r\n"', 0xFF)
_ENDS = bytes(_CELL_ENDS.get(letter, 0) for letter in range(256))
_BLOCK = 1 << 20
_WORDS = 5000  # different words that the character set is told by


@dataclass(frozen=True)
class _Scan:
    """What one reading of a file's bytes tells. fast: delimiters with which pyarrow reads its quotes as csv does."""

    sha256: str
    lines: int
    encoding: str
    start: int
    fast: frozenset[str]


def read_text(path, find):
    """Open a csv or tsv file. find: function of the first records that gives their Heading.

    Returns the Heading and sha256, notes, decimals, size and chunks of a Source. Raises FileError, and OSError.
    """
    scan = _scan(path)
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    delimiter, heading = _choose_delimiter(list(islice(_open_lines(path, scan), 10 * SEARCHED)), usual, find, path.name)
    notes = ()
    if scan.encoding in LABELS:
        notes = (f"Mã chữ {LABELS[scan.encoding]}, đã chuyển sang Unicode",)
    if delimiter != usual:
        notes = (*notes, f"Các cột cách nhau bằng {_DELIMITERS[delimiter]}")
    chunks = partial(_read_chunks, path, scan, delimiter, heading)
    size = max(scan.lines - heading.rows, 0)
    return heading, {"sha256": scan.sha256, "notes": notes, "decimals": {}, "size": size, "chunks": chunks}


def _scan(path):
    decoder, quotes = codecs.getincrementaldecoder("utf-8")(), _Quotes()
    lines, strange, last = 0, None, b"\n"
    with ThreadPoolExecutor(1, "digest") as beside, open(path, "rb") as file:
        digest = beside.submit(file_sha256, path)
        head = file.read(_BLOCK)
        encoding = recognise_utf16(head)
        start = 3 if head.startswith(codecs.BOM_UTF8) else 0
        quotes.look(head[start:])
        for block in chain([head], iter(partial(file.read, _BLOCK), b"")):
            if not encoding and b"\0" in block:
                line = lines + block[: block.index(b"\0")].count(b"\n") + 1
                raise FileError(f"{path.name}: CSV hỏng (dòng {line} có ký tự rỗng); hãy mở và lưu lại tệp")
            if not encoding and strange is None and not (block.isascii() and not decoder.getstate()[0]):
                try:
                    decoder.decode(block)
                except UnicodeDecodeError as error:
                    before = len(error.object) - len(block)  # what the decoder had kept of the block before
                    strange = lines + block[: max(error.start - before, 0)].count(b"\n") + 1
            lines += np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n"))
            if block is not head:
                quotes.look(block)
            last = block[-1:] or last
    lines += last != b"\n"
    if strange is None and decoder.getstate()[0]:
        strange = lines
    fast = quotes.finish() if not encoding and strange is None else frozenset()
    if strange is not None:
        encoding = _recognise_legacy(path, strange)
    return _Scan(digest.result(), lines, encoding or "utf-8", start, fast)


def file_sha256(path):
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _recognise_legacy(path, line):
    """The character set of a file that is not UTF-8; line: the first line that tells so."""
    words = set()
    with open(path, "rb") as file:
        for row in file:
            words |= find_words(row)
            if len(words) > _WORDS:
                break
    encoding = recognise(words)
    if encoding == "utf-8":
        raise FileError(f"{path.name}: dòng {line} có ký tự hỏng, không đúng mã UTF-8; hãy sửa dòng đó rồi nạp lại")
    if not encoding:
        raise FileError(
            f"{path.name}: không rõ mã chữ (dòng {line} không phải UTF-8, không chắc là TCVN3, VNI hay windows-1258); "
            "hãy lưu lại thành CSV UTF-8"
        )
    return encoding


class _Quotes:
    """Follows a file's quotes through its blocks: which opens a cell and which closes one or stands doubled within it.

    Where each opening one begins a cell and each closing one ends it, both readers read alike.
    """

    def __init__(self):
        self._fits, self._opening, self._tail = 0xFF, True, b"\n"

    def look(self, block):
        """The file's next bytes."""
        if b'"' not in block and b'"' not in self._tail:
            self._tail = block[-1:] or self._tail
            return
        window = np.frombuffer(self._tail + block, dtype=np.uint8)
        places = np.flatnonzero(window[1:-1] == ord('"'))
        opening, closing = (places[::2], places[1::2]) if self._opening else (places[1::2], places[::2])
        for neighbours in (window[:-2].take(opening), window[2:].take(closing)):
            ends = np.frombuffer(neighbours.tobytes().translate(_ENDS), dtype=np.uint8)
            self._fits &= int(np.bitwise_and.reduce(ends, initial=0xFF))
        self._opening ^= bool(len(places) % 2)
        self._tail = window[-2:].tobytes()

    def finish(self):
        """The delimiters with which all quotes fit, once the file has ended."""
        self.look(b"\n")
        if not self._opening:
            return frozenset()
        return frozenset(each for place, each in enumerate(_DELIMITERS) if self._fits >> place & 1)


def _open_lines(path, scan):
    """A text file's lines with their ends, decoded; a carriage return alone ends a line too."""
    if scan.encoding == "utf-8":
        with open(path, encoding="utf-8-sig", newline="") as file:
            yield from file
        return
    try:
        for text in _decode_blocks(path, scan.encoding):
            yield from io.StringIO(text, newline="")
    except UnicodeDecodeError as error:
        raise FileError(
            f"{path.name}: có ký tự (mã {error.object[error.start]:#x}) không thuộc mã chữ {LABELS[scan.encoding]} "
            "của tệp; hãy lưu lại thành CSV UTF-8"
        ) from None


def _decode_blocks(path, encoding):
    """The text of a file that is not UTF-8, in pieces of whole lines."""
    with open(path, "rb") as file:
        if not encoding.startswith("utf-16"):
            while block := file.read(_BLOCK):
                yield decode(block + file.readline(), encoding)
            return
        decoder, rest = codecs.getincrementaldecoder(encoding)(), ""
        while block := file.read(_BLOCK):
            text = rest + decoder.decode(block).removeprefix("\ufeff")
            if "\0" in text:
                raise FileError(f"{path.name}: CSV hỏng (có ký tự rỗng); hãy mở và lưu lại tệp")
            end = text.rfind("\n") + 1
            yield text[:end]
            rest = text[end:]
        yield rest + decoder.decode(b"", final=True)


def _choose_delimiter(lines, usual, find, name):
    """The delimiter under which the first lines have the titles that are looked for, and their Heading."""
    found, text = {}, "".join(lines)
    for delimiter in sorted(_DELIMITERS, key=lambda each: each != usual):
        if delimiter not in text and delimiter != usual:
            continue
        records = [list(map(trim, record)) for record in _split_leniently(lines, delimiter)]
        heading = find(records)
        widths = [len(record) for record in records[heading.rows :] if any(record)]
        even = sum(width == len(heading.titles) for width in widths) / len(widths) if widths else 0
        found[delimiter] = (not heading.fault, heading.known), even, heading, records
    delimiter = max(found, key=lambda each: found[each][:2])
    score, even, heading, records = found[delimiter]
    if heading.fault:
        raise heading.fault
    rivals = [
        each
        for each, (other, less_even, _, read) in found.items()
        if other == score and even - less_even < 0.5 and read != records
    ]
    if rivals:
        ways = " hay ".join(_DELIMITERS[each] for each in (delimiter, *rivals))
        raise FileError(f"{name}: không rõ các cột cách nhau bằng {ways}; hãy lưu lại với một dấu phân cách")
    return delimiter, heading


def _split_leniently(lines, delimiter):
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return []


def _read_chunks(path, scan, delimiter, heading):
    """The frames below the titles; by csv from the row on that pyarrow does not take."""
    name, titles = path.name, heading.titles
    first = heading.rows + 1
    if delimiter in scan.fast:
        try:
            for table in _read_fast(path, scan, delimiter, heading):
                yield make_frame([column.combine_chunks() for column in table.columns], titles, first, name)
                first += len(table)
        except pa.ArrowInvalid:  # a row of another length, or one longer than a block
            pass
        else:
            return
    records = islice(_read_records(path, scan, delimiter), first - 1, None)
    yield from make_frames(records, titles, first, name)


def _read_fast(path, scan, delimiter, heading):
    """Tables of CHUNK rows, the last one shorter; raises ArrowInvalid at a row that pyarrow does not take."""
    used = []
    lines = (used.append(line) or line for line in _open_lines(path, scan))
    header = next(islice(csv.reader(lines, delimiter=delimiter), heading.rows - 1, None))
    names = [str(place) for place in range(len(header))]
    with open(path, "rb") as file:
        file.seek(scan.start + sum(len(line.encode()) for line in used))
        if not file.peek(1):
            return
        reader = pyarrow.csv.open_csv(
            file,
            read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=_BLOCK),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False, check_utf8=False
            ),
        )
        waiting, rows = [], 0
        try:
            for batch in reader:
                waiting.append(batch)
                rows += len(batch)
                while rows >= CHUNK:
                    table = pa.Table.from_batches(waiting)
                    yield table.slice(0, CHUNK)
                    waiting, rows = table.slice(CHUNK).to_batches(), rows - CHUNK
        finally:
            reader.close()
        if rows:
            yield pa.Table.from_batches(waiting)


def _read_records(path, scan, delimiter):
    """The file's records by the csv module, the first one first; raises FileError at a quote that does not fit."""
    records = csv.reader(_open_lines(path, scan), delimiter=delimiter, strict=True)
    for number in count(1):
        try:
            yield next(records)
        except StopIteration:
            return
        except csv.Error:
            raise FileError(
                f"{path.name}: CSV hỏng ở dòng {number} (dấu ngoặc kép mở hoặc đóng sai chỗ); hãy mở và lưu lại tệp"
            ) from None
