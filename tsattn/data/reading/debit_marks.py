"""Marks of debit and credit beside amounts, such as 207.71 Dr and 98.23 Cr, as signs."""

from __future__ import annotations

import re
from collections.abc import Sequence

# (negative mark, positive mark); single letters in capitals only: 5 h and 30 s are durations
PAIRS = (("dr", "cr"), ("db", "cr"), ("D", "C"), ("S", "H"), ("D", "H"))
_AMOUNT = r"[^\p{L}]*\d[^\p{L}]*?"
BEHIND, BEFORE = rf"^(?P<num>{_AMOUNT})\s*(?P<mark>[A-Za-z]{{1,2}})\.?$", rf"^(?P<mark>[A-Za-z]{{1,2}})\.?\s*(?P<num>{_AMOUNT})$"
_PATTERNS = tuple((pattern, re.compile(pattern.replace(r"[^\p{L}]", r"[\W\d_]"))) for pattern in (BEHIND, BEFORE))


def debit_marks(texts: Sequence[str]) -> tuple[str, str, str] | None:
    """Return (pattern, negative mark, positive mark) if every amount has one of the two marks of a pair, and both occur.

    texts: amounts without missing ones. The pattern, for Arrow, has the groups num and mark.
    """
    for pattern, compiled in _PATTERNS:
        found = [compiled.match(text) for text in texts]
        if not found or not all(found):
            continue
        marks = {match["mark"] for match in found if match}
        for pair in PAIRS:
            written = {mark.lower() for mark in marks} if pair[0].islower() else marks
            if written == set(pair):
                return pattern, pair[0], pair[1]
    return None
