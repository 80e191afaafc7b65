"""Columns of text as pyarrow keeps them: their cells, distinct texts and bytes."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def encode(text):
    """Where each text stands among the distinct ones (numpy), and these in the order of their first appearance."""
    encoded = pc.dictionary_encode(cells_of(text)).combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    return encoded.indices.to_numpy(), encoded.dictionary


def cells_of(text):
    """The column as pyarrow's chunked large_string, "" where empty."""
    cells = pa.array(text.array, from_pandas=True)
    cells = cells if isinstance(cells, pa.ChunkedArray) else pa.chunked_array([cells])
    return cells.cast(pa.large_string()).fill_null("")


def letters_of(cells):
    """The bytes of all cells of a large_string array, one after the other (array of uint8)."""
    _, offsets, data = cells.buffers()
    begin, end = np.frombuffer(offsets, np.int64)[[cells.offset, cells.offset + len(cells)]] if len(cells) else (0, 0)
    return np.frombuffer(data or b"", np.uint8)[begin:end]
