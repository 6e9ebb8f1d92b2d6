"""Series as plain numbers: a list, an array, or several of these."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def is_plain(data: Any) -> bool:
    """True for plain numbers: an array, a list of numbers, or a list of these."""
    if isinstance(data, np.ndarray):
        return True
    if not isinstance(data, (list, tuple)) or not data:
        return False
    first = data[0]
    return _is_number(first) or isinstance(first, (np.ndarray, list, tuple)) or hasattr(first, "__array__")


def series_of(data: Any) -> list[np.ndarray]:
    """The series of plain numbers; None counts as missing. Raises DataError for anything else in them."""
    single = data.ndim == 1 if isinstance(data, np.ndarray) else _is_number(data[0])
    try:
        return [np.asarray(one, np.float64) for one in ([data] if single else data)]
    except (TypeError, ValueError) as error:
        raise DataError(f"a series holds something other than numbers: {error}", "pass [y1, y2, …], NaN for missing") from None


def table_of(data: Any) -> pa.Table:
    """Plain numbers as a table: a column `value`, and of several series a column `item_id` with their numbers from 0."""
    import pyarrow as pa

    series = series_of(data)
    values = pa.array(np.concatenate(series), pa.float64(), from_pandas=True)
    if len(series) == 1:
        return pa.table({"value": values})
    items = np.repeat([str(k) for k in range(len(series))], [len(one) for one in series])
    return pa.table({"item_id": pa.array(items), "value": values})


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, (Real, np.number))
