"""NumPy <-> Arrow by their buffers.

`pyarrow.array`, `pyarrow.scalar` and `numpy.asarray` of an Arrow array import pandas wherever it is installed, which costs
more time and memory than reading most files; these do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def strings(texts: Iterable[str]) -> Any:
    """An Arrow string array."""
    import pyarrow as pa

    raw = [text.encode("utf-8", "replace") for text in texts]
    ends = np.zeros(len(raw) + 1, np.int32)
    np.cumsum([len(r) for r in raw], out=ends[1:])
    return pa.Array.from_buffers(pa.string(), len(raw), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(raw))])


def text(value: str | None) -> Any:
    """An Arrow string scalar."""
    import pyarrow as pa

    return pa.nulls(1, pa.string())[0] if value is None else strings([value])[0]


def bits(mask: np.ndarray) -> Any:
    """An Arrow boolean array of (n,) bool."""
    import pyarrow as pa

    packed = np.packbits(mask, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, pa.py_buffer(packed)])


def integers(values: np.ndarray, missing: np.ndarray | None = None) -> Any:
    """An Arrow int32 or int64 array; `missing` (n,) bool marks nulls."""
    import pyarrow as pa

    kind = pa.int32() if values.dtype == np.int32 else pa.int64()
    data = np.ascontiguousarray(values, np.int32 if values.dtype == np.int32 else np.int64)
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(kind, len(data), [valid, pa.py_buffer(data)])


def values(array: Any, missing: Any = 0) -> np.ndarray:
    """Convert a primitive Arrow array to NumPy, with `missing` in place of nulls; without nulls, to a read-only view."""
    import pyarrow as pa

    if len(array) == 0:
        return np.zeros(0, np.dtype(array.type.to_pandas_dtype()))
    valid, data = array.buffers()
    span = slice(array.offset, array.offset + len(array))
    if pa.types.is_boolean(array.type):
        out = _unpacked(data, span)
    else:
        kind = np.dtype(np.int64) if pa.types.is_timestamp(array.type) else np.dtype(array.type.to_pandas_dtype())
        out = np.frombuffer(data, kind, len(array), array.offset * kind.itemsize)
    if array.null_count:
        out = out.copy()
        out[~_unpacked(valid, span)] = missing
    return out


def _unpacked(buffer: Any, span: slice) -> np.ndarray:
    packed = np.frombuffer(buffer, np.uint8, -(-span.stop // 8))
    return np.unpackbits(packed, bitorder="little", count=span.stop)[span].astype(bool)
