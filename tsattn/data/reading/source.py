"""Sources of data: files, folders, globs and stdin, compressed or not -> parts that can be opened again and again."""

from __future__ import annotations

import difflib
import glob
import io
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.data.reading.archives import XZ, ZIP, member, member_of, unpacked_xz
from tsattn.data.reading.foreign_files import HEAD, stop_at_foreign_bytes
from tsattn.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pyarrow as pa

_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq", ".feather", ".arrow", ".dat")
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2", XZ: "xz"}
_IPC = (b"ARROW1", b"\xff\xff\xff\xff")  # an Arrow (Feather) file, an Arrow stream
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*(?:\"|\}|$)|\[\s*(?:[\[{]|$))")


@dataclass(frozen=True)
class Part:
    """Table to read. Each call of `open()` returns its decompressed bytes from the start.

    name: its name in messages. stem: the name of its series when each file of a folder is one series.
    kind: "text", "json", "parquet", "ipc" (an Arrow file or stream) or "arrow" (then `table` holds it).
    """

    name: str
    stem: str
    kind: str
    open: Callable[[], Any]
    table: pa.Table | None = None


def parts_of(source: Any) -> list[Part]:
    """The parts of a path, a folder, a glob, `-` (stdin), an Arrow table, a Part, or a sequence of these.

    Raises DataError for what is missing, empty or of a foreign kind.
    """
    import pyarrow as pa

    if isinstance(source, Part):
        return [source]
    if isinstance(source, pa.Table):
        return [Part("the table", "table", "arrow", lambda: None, source)]
    if isinstance(source, (list, tuple)):
        if not source:
            raise DataError("no data was given", "name a file, a folder, a glob, or - for stdin")
        return [part for one in source for part in parts_of(one)]
    if not isinstance(source, (str, Path)):
        raise ConfigError(f"a {type(source).__name__} cannot be read as data", "give a path, a data frame or an Arrow table")
    if str(source) == "-":
        return [_stdin()]
    return [_file(path) for path in _paths(str(source))]


def files_named(source: Any) -> list[Path]:
    """Return the files of a path, a folder, a glob, or a sequence of these; [] for anything else, and where there is no file."""
    if isinstance(source, (list, tuple)):
        return [path for one in source for path in files_named(one)]
    if not isinstance(source, (str, Path)) or str(source) == "-":
        return []
    try:
        return [path for path in _paths(str(source)) if path.is_file()]
    except (DataError, ConfigError, OSError):
        return []


def _paths(text: str) -> Iterable[Path]:
    try:
        path = Path(text).expanduser()
        folder, file = path.is_dir(), path.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{text[:200]!r} is not a path: {error}") from None
    if folder:
        found = [p for p in sorted(path.iterdir()) if p.is_file() and is_table(p)]
        if not found:
            raise DataError(
                f"{text}: the folder holds no CSV, TSV, Parquet or Feather file",
                f"looked for {', '.join(_SUFFIXES)} (.gz, .zst, .bz2, .xz, .zip)",
            )
        return found
    if file:
        return [path]
    if any(c in text for c in "*?["):
        found = [p for p in map(Path, sorted(glob.glob(str(path), recursive=True))) if p.is_file()]
        if not found:
            raise DataError(f"{text}: no file matches")
        return found
    if "://" in text:
        raise DataError(f"{text}: only local files are read", f"download it first, for example: curl -L {text} | tsattn ingest -")
    there = sorted(p.name for p in path.parent.glob("*") if is_table(p)) if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, there, 3, 0.5)
    others = [name for name in there if name not in near][: 5 - len(near)]
    raise DataError(f"{text}: no such file", f"the folder has {', '.join([*near, *others])}" if there else "")


def is_table(path: Path) -> bool:
    name = path.name.lower()
    for packed in (".gz", ".zst", ".bz2", ".xz", ".zip"):
        name = name.removesuffix(packed)
    return not name.startswith(".") and name.endswith(_SUFFIXES)


def stem_of(path: Path) -> str:
    """The file's name without `.csv`, `.csv.gz` and the like."""
    name = path.name
    for suffix in (".gz", ".zst", ".bz2", ".xz", ".zip", *_SUFFIXES, ".json", ".jsonl", ".ndjson"):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return name or path.name


def _file(path: Path) -> Part:
    import pyarrow as pa

    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    return _part(str(path), stem_of(path), head, lambda: pa.OSFile(str(path), "rb"))


def _part(name: str, stem: str, head: bytes, raw: Callable[[], Any]) -> Part:
    """Return the part of a file that begins with `head`. raw: opens the file without decompressing it."""
    if head.startswith(ZIP):
        inner = member_of(raw(), name)
        with member(raw(), inner) as stream:
            head = stream.read(HEAD)
        return _of_stream(f"{name}, {inner}", stem, head, lambda: member(raw(), inner), called=name)
    return _of_stream(name, stem, head, raw, called=name)


def _of_stream(name: str, stem: str, head: bytes, raw: Callable[[], Any], called: str) -> Part:
    """Return the part, named `called`, of a stream that may be packed. head: its first bytes; name: that of errors."""
    packed = next((how for magic, how in _PACKED.items() if head.startswith(magic)), None)

    def opened() -> Any:
        return _unpacked(raw(), packed)

    if packed is not None:
        head = _first_bytes(opened) or head
    return Part(called, stem, _kind(head, name), opened)


def _first_bytes(opened: Callable[[], Any]) -> bytes:
    """Return the first bytes of a packed file; b"" if it is damaged, which reading it reports."""
    try:
        with opened() as stream:
            return bytes(stream.read(HEAD))
    except (OSError, EOFError, ValueError):
        return b""


def part_of_bytes(name: str, content: bytes) -> Part:
    """Return the Part of a file whose bytes are in memory, `name` in messages; opens no file. Raises the errors of `parts_of`."""
    import pyarrow as pa

    return _part(name, stem_of(Path(name)), content[:HEAD], lambda: pa.BufferReader(content))


def _stdin() -> Part:
    """Return standard input, which can be read only once, so it is kept for every model that may be fitted to it."""
    global _came
    if _came is None or _came[0] is not sys.stdin:
        _came = sys.stdin, _spooled(getattr(sys.stdin, "buffer", sys.stdin))
    return _came[1]


_came: tuple[Any, Part] | None = None  # a stream, and the Part made of it


def _spooled(stream: Any) -> Part:
    """A stream, kept in memory up to 64 MB and in a temporary file beyond."""
    import pyarrow as pa

    spool = tempfile.SpooledTemporaryFile(max_size=1 << 26)  # noqa: SIM115 - lives as long as the part
    while block := stream.read(1 << 20):
        spool.write(block.encode() if isinstance(block, str) else block)
    spool.seek(0)
    head = spool.read(HEAD)

    def reopen() -> Any:
        spool.seek(0)
        return pa.PythonFile(_Kept(spool), "r")

    return _part("stdin", "stdin", head, reopen)


class _Kept(io.RawIOBase):
    """A view of the spool that can be closed without losing it."""

    def __init__(self, spool: Any) -> None:
        self._spool = spool

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._spool.seek(offset, whence)
        return int(self._spool.tell())

    def tell(self) -> int:
        return int(self._spool.tell())

    def read(self, size: int | None = -1) -> bytes:
        return bytes(self._spool.read(-1 if size is None else size))


def _kind(head: bytes, name: str) -> str:
    """Return "parquet", "ipc", "json" or "text" for the first bytes of a file. Raises DataError for other formats."""
    if not head:
        raise DataError(f"{name}: the file is empty", "write a header line and one line for each timestamp")
    stop_at_foreign_bytes(head, name)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(_IPC):
        return "ipc"
    return "json" if _JSON.match(head) else "text"


def _unpacked(stream: Any, packed: str | None) -> Any:
    import pyarrow as pa

    if packed == "xz":
        return unpacked_xz(stream)
    return pa.CompressedInputStream(stream, packed) if packed else stream
