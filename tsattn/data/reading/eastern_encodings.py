"""Detection of the double-byte encodings of Japanese, Korean and Chinese text."""

from __future__ import annotations

import re

_LEAST = 4  # pairs of bytes that must be seen
_RUN = re.compile(rb"[\x80-\xff]+")
_UNDEFINED = bytes([0x81, 0x8D, 0x8F, 0x90, 0x9D])  # no characters of Windows text
_BIG5 = re.compile(rb"[\xa1-\xf9][\x40-\x7e\xa1-\xfe]|[\x80-\xff]")
_JAPANESE = re.compile(rb"[\x81-\x9f\xe0-\xea][\x40-\x7e\x80-\xfc]|[\x80-\xff]")


def eastern_encoding(raw: bytes) -> str | None:
    """Return cp932, cp949, cp950 or gb18030 for bytes that are such text and not UTF-8; None for other text.

    In EUC encodings, bytes above 7F come in pairs; Korean syllables begin with B0 to C8, Chinese characters with B0 to F7.
    In Big5, frequent characters begin with A4 to C6, and some of the second bytes, not all, are ASCII.
    In Shift JIS, kana and frequent characters begin with 81 to 97, which are seldom letters in Windows text.
    """
    head = raw[: 1 << 16]
    runs = [run for run in _RUN.findall(head) if run]
    high = sum(map(len, runs))
    paired = [run for run in runs if len(run) % 2 == 0 and min(run) >= 0xA1]
    if high >= 2 * _LEAST and sum(map(len, paired)) >= 0.95 * high:
        leads = b"".join(run[::2] for run in paired)
        words = [byte for byte in leads if byte >= 0xB0]
        if len(words) >= max(_LEAST, 0.5 * len(leads)):
            found = "cp949" if sum(byte <= 0xC8 for byte in words) >= 0.95 * len(words) else "gb18030"
            if _decodes(raw, found):
                return found
    big5 = _BIG5.findall(head)
    usual = [pair for pair in big5 if len(pair) == 2 and pair[0] <= 0xC6]
    high_trails = sum(pair[1] >= 0xA1 for pair in usual)
    if len(usual) >= max(_LEAST, 0.8 * len(big5)) and 0.3 * len(usual) <= high_trails < len(usual) and _decodes(raw, "cp950"):
        return "cp950"
    pairs = _JAPANESE.findall(head)
    frequent = [pair for pair in pairs if len(pair) == 2 and pair[0] <= 0x97]
    least = 1 if any(byte in raw for byte in _UNDEFINED) else _LEAST
    return "cp932" if len(frequent) >= max(least, 0.8 * len(pairs)) and _decodes(raw, "cp932") else None


def _decodes(raw: bytes, encoding: str) -> bool:
    """Return True if the bytes are valid in an encoding, but for a last character that is cut off."""
    try:
        raw[:-1].decode(encoding)
    except UnicodeDecodeError as error:
        return error.start >= len(raw) - 3
    return True
