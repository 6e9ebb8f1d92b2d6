"""Decompression of zip and xz files."""

from __future__ import annotations

import io
from typing import Any

from tsattn.errors import DataError

ZIP, XZ = b"PK\x03\x04", b"\xfd7zXZ"
_TABLES = (".csv", ".tsv", ".tab", ".txt", ".dat", ".json", ".jsonl", ".ndjson", ".parquet", ".pq", ".feather", ".arrow")
_NOTES = ("readme", "license", "licence", "metadata", "changelog")


def member_of(stream: Any, name: str) -> str:
    """Return the name of the only table in a zip file. Raises DataError if it holds none or several, or is an Excel file."""
    import zipfile

    try:
        with zipfile.ZipFile(stream) as packed:
            names = [m.filename for m in packed.infolist() if not m.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:  # ValueError: seek before the start of a short file
        raise DataError(f"{name}: cannot be read as a zip or Excel file: {error}", "check that the file is complete") from None
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise DataError(
            f"{name}: this is an Excel or OpenDocument file, not a table of text",
            "save it as CSV (UTF-8) or Parquet, and pass that file",
        )
    tables = [n for n in names if n.lower().endswith(_TABLES) and not _is_hidden(n)]
    if len(tables) > 1:
        tables = [n for n in tables if not _base(n).startswith(_NOTES)] or tables
    if len(tables) != 1:
        some = ", ".join(tables[:5]) or ", ".join(names[:5])
        raise DataError(
            f"{name}: the zip file holds {len(tables) or 'no'} tables: {some}", "unpack it, and pass the files or their folder"
        )
    return tables[0]


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1].lower()


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def member(stream: Any, name: str) -> Any:
    """Return the bytes of a member of a zip file, as a stream."""
    import zipfile

    return _guarded(zipfile.ZipFile(stream).open(name))


def unpacked_xz(stream: Any) -> Any:
    """Return the decompressed bytes of an xz file, as a stream."""
    import lzma

    return _guarded(lzma.LZMAFile(stream))


def _guarded(stream: Any) -> Any:
    return io.BufferedReader(_Guarded(stream), 1 << 20)


class _Guarded(io.RawIOBase):
    """Stream that raises OSError for a damaged archive, as other files do."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    def readinto(self, buffer: Any) -> int:
        import lzma
        import zipfile
        import zlib

        try:
            found = self._stream.read(len(buffer))
        except (lzma.LZMAError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
            raise OSError(str(error)) from None
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._stream.close()
        super().close()
