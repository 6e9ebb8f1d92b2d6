"""Encoding of a text file: found from its first bytes, which are then decoded."""

from __future__ import annotations

import codecs

from tsattn.data.reading.code_pages import SINGLE_BYTE, latin_encoding_of, script_of
from tsattn.data.reading.eastern_encodings import eastern_encoding
from tsattn.errors import ConfigError, DataError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# ASCII, signs, and the letters of Turkish beyond ASCII in cp1254; other languages with these bytes have further letters
_TURKISH = frozenset([*range(128), *range(0xA0, 0xC0), *"ÂâÇçĞğİıÎîÖöŞşÜü".encode("cp1254"), *"€’‘“”–…".encode("cp1254")])


def encoding_of(raw: bytes, name: str) -> str:
    """Return the encoding of the first bytes of a file, by its byte order mark or its text. Raises DataError for binary data."""
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return encoding
    head = raw[:65536]
    # bell, backspace and escape are terminal codes, which may occur in texts
    odd = sum(head.count(bytes([b])) for b in (*range(1, 7), *range(14, 27), *range(28, 32)))
    if b"\x00" in head:
        zeros = (head[::2].count(0), head[1::2].count(0))
        hint = ""
        if max(zeros) > 0.3 * len(head) / 2 and min(zeros) < 0.05 * len(head) / 2:
            hint = f"it looks like UTF-16: try --encoding {'utf-16-be' if zeros[0] > zeros[1] else 'utf-16-le'}"
        raise DataError(f"{name}: binary data, not a table of text", hint or "give a CSV, TSV or Parquet file")
    if odd > 0.01 * len(head):
        raise DataError(f"{name}: binary data, not a table of text", "give a CSV, TSV or Parquet file")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        found = script_of(head) or eastern_encoding(raw) or latin_encoding_of(head)
        return found or ("cp1254" if _is_turkish(head) else "cp1252")
    return "utf-8"


def _is_turkish(head: bytes) -> bool:
    """Return True for Windows text with a dotless i, in which all letters beyond ASCII are Turkish."""
    return b"\xfd" in head and not set(head) - _TURKISH


def decoded(raw: bytes, encoding: str, name: str, whole: bool) -> str:
    """Return the text of the first bytes of a file, or of all of it (`whole`). Raises ConfigError, DataError."""
    try:
        text = codecs.getincrementaldecoder(encoding)(errors="replace" if encoding in SINGLE_BYTE else "strict").decode(
            raw, whole
        )
    except LookupError:
        raise ConfigError(f"--encoding {encoding}: no such encoding", "use for example utf-8, cp1252 or utf-16") from None
    except (UnicodeError, ValueError) as error:
        raise DataError(f"{name}: not {encoding}: {error}", "name another one with --encoding") from None
    return text.removeprefix("\ufeff")
