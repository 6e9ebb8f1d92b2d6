"""Timestamp columns as ISO 8601 text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    Tables = Callable[[], Iterator[Any]]

UNITS = ("D", "s", "us")


def units_of(tables: Tables) -> dict[str, str]:
    """Return the unit in which to write each timestamp column.

    All columns get the finest unit that any of them needs in any table: a cutoff at midnight is written with its time of day
    if the forecast steps are hours.
    """
    import pyarrow as pa

    names: dict[str, None] = {}
    unit = UNITS[0]
    for table in tables():
        for field in table.schema:
            if pa.types.is_timestamp(field.type):
                names[field.name] = None
                unit = max(unit, finest(table.column(field.name)), key=UNITS.index)
    return dict.fromkeys(names, unit)


def time_texts(table: pa.Table, names: tuple[str, ...] = ("cutoff", "timestamp")) -> list[list[Any]]:
    """Return timestamp columns of a table as ISO 8601 text, all in the finest unit that any of them needs.

    Step numbers of series without a clock are returned unchanged.
    """
    units = units_of(lambda: iter([table.select(names)]))
    return [iso(table[name], units[name]) if name in units else table[name].to_pylist() for name in names]


def as_text(table: pa.Table, units: dict[str, str]) -> pa.Table:
    """Timestamps as ISO 8601 text: dates where no row of the column has a time of day, offsets where there is a zone."""
    for name, unit in units.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, iso_column(table.column(at), unit))
    return table


def finest(column: pa.ChunkedArray) -> str:
    """Return the coarsest unit in which a timestamp column loses nothing: "D", "s" or "us"; never "D" where there is a zone."""
    from tsattn.data.freq import DAY

    _, local, none = _clocks(column)
    ticks = local.astype("int64")[~none]
    return "D" if not column.type.tz and bool((ticks % DAY == 0).all()) else "s" if bool((ticks % 1_000_000 == 0).all()) else "us"


def iso_column(column: pa.ChunkedArray, unit: str) -> pa.Array:
    """Convert a timestamp column to ISO 8601 text in `unit`. Each distinct moment is converted only once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(column.combine_chunks())
    texts = pa.array(iso(pa.chunked_array([encoded.dictionary]), unit), pa.string())
    return texts.take(encoded.indices)


def iso(column: pa.ChunkedArray, unit: str | None = None) -> list[str | None]:
    """A timestamp column as ISO 8601 text, in `unit`, or in the coarsest that loses nothing."""
    from tsattn.data.timezone import offset_text, utc_offsets

    zone = column.type.tz
    utc, local, none = _clocks(column)
    text = [str(t) for t in local.astype(f"datetime64[{unit or finest(column)}]")]
    if zone:
        text = [t + offset_text(o) for t, o in zip(text, utc_offsets(utc, zone).astype("int64").tolist(), strict=True)]
    return [None if missing else t for t, missing in zip(text, none.tolist(), strict=True)]


def _clocks(column: pa.ChunkedArray) -> tuple[Any, Any, Any]:
    """Return (UTC, local time, True where missing) of a timestamp column."""
    import numpy as np
    import pyarrow as pa

    from tsattn.data.timezone import to_local

    zone = column.type.tz
    utc = column.cast(pa.timestamp("us", zone)).cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    none = np.isnat(utc)
    utc = np.where(none, np.datetime64(0, "us"), utc)  # a missing instant has no local time
    return utc, to_local(utc, zone) if zone else utc, none
