"""Panels as Parquet files that other tools can read too, and that restore the panel exactly."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from tsattn.atomic import write_atomic
from tsattn.data.calendars import as_ranges, of_ranges
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel, Schema
from tsattn.errors import DataError

_KEY = b"tsattn"
FORMAT_VERSION = 1


def save_panel(panel: Panel, path: str | Path) -> None:
    """Write columns item_id, timestamp, target and the covariates (past:…, known:…), a row for each step; static ones and
    what a panel is beyond its rows go into the file's metadata. Written beside, then renamed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sizes = np.diff(panel.indptr)
    item = np.repeat(np.arange(len(panel), dtype=np.int32), sizes)
    steps = np.arange(len(panel.target)) - panel.indptr[:-1][item]
    stamps = panel.freq.advance(panel.start[item], steps)
    if panel.freq.has_clock:
        zone = "UTC" if panel.tz is not None and panel.freq.is_subdaily else None
        time = pa.array(stamps.astype(np.int64)).cast(pa.timestamp("us", tz=zone))
    else:
        time = pa.array(stamps.astype(np.int64))
    columns: dict[str, Any] = {
        "item_id": pa.DictionaryArray.from_arrays(pa.array(item), pa.array(panel.item_ids, pa.string())),
        "timestamp": time,
        "target": pa.array(panel.target),
    }
    for kind, names in (("past", panel.schema.past_features), ("known", panel.schema.known_features)):
        for k, name in enumerate(names):
            columns[f"{kind}:{name}"] = pa.array(np.ascontiguousarray(getattr(panel, kind)[:, k]))
    table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(_meta(panel)).encode()})
    with write_atomic(path) as beside:
        pq.write_table(table, str(beside), compression="zstd")


def _meta(panel: Panel) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "freq": panel.freq.alias,
        "closed": as_ranges(panel.freq.open.closed) if panel.freq.open else [],
        "extra": list(panel.freq.open.extra) if panel.freq.open else [],
        "tz": panel.tz,
        "dated": panel.dated,
        "schema": dataclasses.asdict(panel.schema),
        "item_ids": list(panel.item_ids),
        "indptr": panel.indptr.tolist(),
        "origin": panel.origin.tolist(),
        "start": panel.start.astype(np.int64).tolist(),
        "static": [[None if np.isnan(v) else float(v) for v in row] for row in panel.static],
    }


def is_panel(schema: Any) -> bool:
    """Return True if an Arrow schema belongs to a file that `save_panel` wrote."""
    return bool(schema.metadata and _KEY in schema.metadata)


def load_panel(path: str | Path) -> Panel:
    """Read a file that `save_panel` wrote. Raises DataError for a missing, damaged or foreign file, or one of another version."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(str(path), memory_map=False)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise DataError(
            f"{path}: cannot be read as Parquet: {str(error).splitlines()[0][:200]}", "check that the file is complete"
        ) from None
    if not is_panel(table.schema):
        raise DataError(f"{path}: not a panel that tsattn wrote", "ingest it: tsattn ingest FILE -o panel.parquet")
    return panel_of(table, str(path))


def panel_of(table: Any, name: str) -> Panel:
    """The Panel of an Arrow table that `save_panel` made."""
    try:
        meta = json.loads(table.schema.metadata[_KEY])
        if meta["format_version"] != FORMAT_VERSION:
            raise DataError(
                f"{name}: panel format {meta['format_version']}, this tsattn reads {FORMAT_VERSION}",
                "ingest the source again, or update tsattn",
            )
        columns: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in meta["schema"].items()}
        schema = Schema(**columns)

        def column(key: str) -> np.ndarray:
            return table.column(key).to_numpy().astype(np.float32, copy=False)

        def side(kind: str, names: tuple[str, ...]) -> np.ndarray:
            arrays = [column(f"{kind}:{n}") for n in names]
            return np.stack(arrays, 1) if arrays else np.zeros((table.num_rows, 0), np.float32)

        static = np.array([[np.nan if v is None else v for v in row] for row in meta["static"]], np.float32)
        return Panel(
            freq=_freq(meta),
            item_ids=tuple(meta["item_ids"]),
            indptr=np.array(meta["indptr"], np.int64),
            start=np.array(meta["start"], np.int64).astype("datetime64[us]"),
            target=column("target"),
            origin=np.array(meta["origin"], np.int64),
            past=side("past", schema.past_features),
            known=side("known", schema.known_features),
            static=static.reshape(len(meta["item_ids"]), len(schema.static_features)),
            tz=_text_or_none(meta["tz"]),
            schema=schema,
            dated=meta["dated"],
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError, RecursionError) as error:
        raise DataError(
            f"{name}: the panel's metadata or columns are damaged: {str(error)[:200]}", "ingest the source again"
        ) from None


def _text_or_none(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"the time zone is {value!r}")


def _freq(meta: dict[str, Any]) -> Freq:
    """The frequency, with the exceptions of its timetable where it has one."""
    freq = Freq.parse(meta["freq"])
    if freq.open is None:
        return freq
    table = dataclasses.replace(freq.open, closed=of_ranges(meta["closed"]), extra=tuple(meta["extra"]))
    return dataclasses.replace(freq, open=table)
