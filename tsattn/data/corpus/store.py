"""Parquet files of real series: an index in memory, and values by row group."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.data.freq import Freq
from tsattn.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("source", "item_id", "freq", "values")
MEMORY = 256 << 20  # bytes of cached values; a larger row group is cached alone
LEAST = 24  # least number of observed values of a series in use
FORM = "write one row per series: source, item_id and freq (text), values (list of numbers)"


@dataclass(frozen=True, eq=False)
class Index:
    """Source, frequency and location of each series, as arrays (S,)."""

    source: np.ndarray  # index into the names of sources
    freq: np.ndarray  # index into the frequencies
    group: np.ndarray  # running number of its row group over all files
    row: np.ndarray  # row in the group
    length: np.ndarray  # number of values, including missing ones
    observed: np.ndarray  # number of observed values; 0 for a constant series


class Corpus:
    """Series in one or more Parquet files. Holds the index and up to MEMORY bytes of values."""

    def __init__(self, paths: Sequence[Path], memory: int = MEMORY) -> None:
        """Read every file once, by row group. Raises ConfigError or DataError, naming the file."""
        if not paths:
            raise ConfigError("no corpus given", "give one with --corpus FILE.parquet")
        self.memory = memory
        self._files = [_open(Path(path)) for path in paths]
        self._groups = [(file, number) for file, opened in enumerate(self._files) for number in range(opened.num_row_groups)]
        self._kept: OrderedDict[int, tuple[np.ndarray, np.ndarray]] = OrderedDict()
        self.sources: list[str] = []
        self.freqs: list[Freq] = []
        self._paths = [Path(path) for path in paths]
        self.index, self.fingerprint = self._read_index()

    def __len__(self) -> int:
        return len(self.index.source)

    def values(self, item: int) -> np.ndarray:
        """Return the values of a series, float32, NaN where missing. A view: do not modify it."""
        values, offsets = self._group(int(self.index.group[item]))
        row = int(self.index.row[item])
        return values[offsets[row] : offsets[row + 1]]

    def freq(self, item: int) -> Freq:
        return self.freqs[int(self.index.freq[item])]

    def source(self, item: int) -> str:
        return self.sources[int(self.index.source[item])]

    @property
    def group_bytes(self) -> np.ndarray:
        """Size of the values of each row group, in bytes."""
        return np.bincount(self.index.group, 4 * self.index.length, len(self._groups))

    def summary(self) -> list[dict[str, Any]]:
        """Return the frequencies and numbers of series and observations of each source."""
        index, out = self.index, []
        for number, name in enumerate(self.sources):
            own = index.source == number
            freqs = sorted({str(self.freqs[i]) for i in index.freq[own]})
            out.append({"source": name, "freq": freqs, "series": int(own.sum()), "observations": int(index.observed[own].sum())})
        return out

    def _group(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return values and offsets of a row group, from memory or from its file."""
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        file, own = self._groups[number]
        values, lengths = _flat(self._files[file].read_row_group(own, columns=["values"])["values"])
        self._kept[number] = values, np.concatenate([[0], np.cumsum(lengths)])
        while len(self._kept) > 1 and sum(v.nbytes + o.nbytes for v, o in self._kept.values()) > self.memory:
            self._kept.popitem(last=False)
        return self._kept[number]

    def _read_index(self) -> tuple[Index, str]:
        digest, parts = hashlib.sha256(), []
        sources: dict[str, int] = {}
        freqs: dict[str, int] = {}
        for number, (file, own) in enumerate(self._groups):
            table = self._files[file].read_row_group(own, columns=list(COLUMNS))
            values, lengths = _flat(table["values"])
            texts = {name: self._text(table, name, file) for name in ("source", "item_id", "freq")}
            for name, column in texts.items():
                digest.update(f"{name}\0".encode() + "\0".join(column).encode())
            digest.update(lengths.tobytes() + values.tobytes())
            for alias in texts["freq"]:
                if alias not in freqs:
                    self.freqs.append(self._freq(alias, file))
                    freqs[alias] = len(freqs)
            part = [np.array([sources.setdefault(name, len(sources)) for name in texts["source"]], np.int64)]
            part += [np.array([freqs[alias] for alias in texts["freq"]], np.int64)]
            part += [np.full(len(lengths), number), np.arange(len(lengths)), lengths, _observed(values, lengths)]
            parts.append(part)
        self.sources = list(sources)
        if not any(len(part[0]) for part in parts):
            raise DataError(f"{', '.join(map(str, self._paths))}: contains no series", FORM)
        return Index(*(np.concatenate(column) for column in zip(*parts, strict=True))), digest.hexdigest()[:16]

    def _text(self, table: pa.Table, name: str, file: int) -> list[str]:
        found = table[name].to_pylist()
        if None in found:
            raise DataError(f"{self._paths[file]}: {name} of row {found.index(None) + 1} of a row group is missing", FORM)
        return found

    def _freq(self, alias: str, file: int) -> Freq:
        try:
            return Freq.parse(alias)
        except ConfigError as error:
            raise DataError(f"{self._paths[file]}: {error.message}", error.hint) from None


def _open(path: Path) -> Any:
    """Open a Parquet file and check its columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file", "check the path given with --corpus") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a Parquet file: {error}", FORM) from None
    schema = opened.schema_arrow
    lacking = [name for name in COLUMNS if name not in schema.names]
    if lacking:
        raise DataError(f"{path}: no column {', '.join(map(repr, lacking))}; it has {', '.join(schema.names)}", FORM)
    for name in COLUMNS[:3]:
        kind = schema.field(name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise DataError(f"{path}: column {name!r} must be text, not {kind}", FORM)
    kind = schema.field("values").type
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not listed or not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        raise DataError(f"{path}: column 'values' must be lists of numbers, not {kind}", FORM)
    return opened


def _flat(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return all values of a column of lists, float32 with NaN where missing or infinite, and the length of each list."""
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy().astype(np.int64)
    values = np.asarray(pc.list_flatten(column).to_numpy(), np.float32)
    if not np.isfinite(values).all():
        values = np.where(np.isfinite(values), values, np.float32(np.nan))
    return values, lengths


def _observed(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the number of observed values of each series; 0 if they are all equal."""
    out, at = np.zeros(len(lengths), np.int64), 0
    for i, length in enumerate(lengths):
        seen = values[at : at + length]
        seen = seen[np.isfinite(seen)]
        out[i] = len(seen) if len(seen) and seen.min() < seen.max() else 0
        at += length
    return out
