"""Decimal and thousands marks of a column, decided from its texts and from the rest of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_GROUPED = {m: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(m)}\d{{3}})+") for m in ".,"}
_INDIAN = re.compile(r"[+-]?[1-9]\d?(?:,\d\d)+,\d{3}(?:\.\d*)?")
_SPACED = re.compile(r"[+-]?\d{1,3}(?:[ '\u2019\u00a0\u202f\u2009]\d{3})+(?:[.,]\d*)?")
_SPACES = " '\u2019\u00a0\u202f\u2009"
_EXPONENT = re.compile(r"[eE][+-]?\d+$")
_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d{1,2}")  # numbers that prove a decimal comma, or a decimal point
_POINT = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)\.\d{1,2}")
_ENOUGH = 2  # lead in votes that one reading needs over the other
_MOST = 20_000  # distinct texts that are examined


@dataclass(frozen=True)
class Marks:
    """Evidence of a source about the marks of all its numbers.

    decimal: the decimal mark, as far as the file shows it. named: it was named with --decimal. proved: a cell proves it.
    delimiter: between fields. dates: "." where dates are European (31.12.2000, Mrz 24), "/" where they are American
    (12/31/2000, March 2024), else "".
    missing: further texts that mark a missing value. grouping: marks that stand before three digits in a column that has whole
    numbers too, as thousands marks do.
    """

    decimal: str = "."
    named: bool = False
    proved: bool = False
    delimiter: str = ","
    dates: str = ""
    missing: tuple[str, ...] = ()
    grouping: str = ""


UNKNOWN = Marks()


@dataclass(frozen=True)
class Verdict:
    """Marks of one column. thousands: the characters to remove. open: a text that has two readings, "" when settled.
    why: the evidence, for `ingest --verbose`."""

    decimal: str
    thousands: str = ""
    open: str = ""
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Shapes:
    """Shapes of the texts of a column. proofs: a text that proves a mark, by (mark, "decimal" or "thousands"). grouped: a text
    that has two readings, by mark."""

    proofs: dict[tuple[str, str], str]
    grouped: dict[str, str]
    small: str
    large: str
    spaced: bool


def decide(texts: Iterable[str], marks: Marks) -> Verdict:
    """Decide which marks the distinct texts of a column of numbers use.

    A text such as 0,5 or 33.75 proves a decimal mark, 1.080.000 or 1.080,5 a thousands mark. Where every marked text looks
    like 1.080, whole numbers beside them, other columns, the delimiter and the dates vote.
    """
    seen = _shapes_of(texts)
    spaces = _SPACES if seen.spaced else ""
    decimal = next((m for m in ".," if (m, "decimal") in seen.proofs), None)
    thousands = [m for m in ".," if (m, "thousands") in seen.proofs]
    if decimal is not None:
        taken = "".join(m for m in {*thousands, *seen.grouped} if m != decimal)
        return Verdict(decimal, spaces + taken, why=(f"{seen.proofs[decimal, 'decimal']!r} has a decimal mark",))
    if thousands:
        other = next(m for m in ".," if m != thousands[0])
        if other in seen.grouped and not marks.named:
            return Verdict(other, spaces + thousands[0], seen.grouped[other], ("both marks stand before three digits",))
        return Verdict(other, spaces + thousands[0], why=(f"{seen.proofs[thousands[0], 'thousands']!r} has a thousands mark",))
    if not seen.grouped:
        return Verdict(marks.decimal, spaces)
    if len(seen.grouped) > 1 and not marks.named:
        return Verdict(".", spaces + ",", seen.grouped["."], ("both marks stand before three digits",))
    if marks.named:
        other = "," if marks.decimal == "." else "."
        return Verdict(marks.decimal, spaces + (other if other in seen.grouped else ""), why=("named with --decimal",))
    return _voted(next(iter(seen.grouped)), seen, marks, spaces)


def proved(texts: Iterable[str]) -> str | None:
    """Return the decimal mark that some of these texts prove, None where none does."""
    proofs = _shapes_of(texts, enough=(".", "decimal")).proofs
    decimal = next((m for m in ".," if (m, "decimal") in proofs), None)
    grouping = next((m for m in ".," if (m, "thousands") in proofs), None)
    return decimal or {",": ".", ".": ","}.get(grouping or "")


def mixed(texts: list[str]) -> tuple[str, str] | None:
    """Return two numbers of which the first has a decimal comma and the second a decimal point, or the other way round."""
    marks = [(t, "," if _COMMA.fullmatch(t) else ".") for t in texts if _COMMA.fullmatch(t) or _POINT.fullmatch(t)]
    other = next((t for t, mark in marks if mark != marks[0][1]), None)
    return None if other is None or len(marks) < 0.9 * len(texts) else (marks[0][0], other)


def grouping(texts: Iterable[str]) -> str:
    """Return the mark before three digits in these texts, where the others are whole numbers below a thousand; or ""."""
    seen = _shapes_of(texts)
    return next(iter(seen.grouped)) if len(seen.grouped) == 1 and seen.small and not seen.large and not seen.proofs else ""


def _shapes_of(texts: Iterable[str], enough: tuple[str, str] | None = None) -> _Shapes:
    """Collect the shapes of texts. enough: a proof after which no more texts are examined."""
    proofs: dict[tuple[str, str], str] = {}
    grouped: dict[str, str] = {}
    small = large = ""
    spaced = False
    for k, raw in enumerate(texts):
        if k == _MOST or enough in proofs:
            break
        text = _EXPONENT.sub("", raw.strip())
        if _SPACED.fullmatch(text):
            spaced = True
            text = re.sub(f"[{_SPACES}]", "", text)
        digits = text.lstrip("+-")
        found = [m for m in ".," if m in digits]
        if not found:
            if digits.isdigit() and digits.strip("0"):
                small, large = (digits, large) if len(digits) <= 3 else (small, digits)
        elif len(found) == 2:
            last = max(found, key=digits.rindex)
            other = found[0] if last == found[1] else found[1]
            proofs.setdefault((last, "decimal"), raw)
            proofs.setdefault((other, "thousands"), raw)
        elif _INDIAN.fullmatch(text) or (digits.count(found[0]) > 1 and _GROUPED[found[0]].fullmatch(text)):
            proofs.setdefault((found[0], "thousands"), raw)
        elif _GROUPED[found[0]].fullmatch(text):
            grouped.setdefault(found[0], raw)
        elif digits.count(found[0]) == 1:
            proofs.setdefault((found[0], "decimal"), raw)
    return _Shapes(proofs, grouped, small, large, spaced)


def _voted(mark: str, seen: _Shapes, marks: Marks, spaces: str) -> Verdict:
    """Decide between thousands and decimals by votes; positive votes are for thousands."""
    example = seen.grouped[mark]
    other = "," if mark == "." else "."
    votes: list[tuple[int, str]] = []
    if seen.large:
        votes.append((-3, f"{seen.large!r} is written without the mark"))
    elif seen.small:
        votes.append((3, f"{seen.small!r} has no decimals, and {example!r} has three digits after the mark"))
    if marks.proved:
        agrees = marks.decimal == mark
        votes.append((-3 if agrees else 3, f"another column has decimals with {marks.decimal!r}"))
    itself = bool(seen.small and not seen.large)  # the column itself contributed to the file's grouping
    if marks.grouping.count(mark) > itself:
        votes.append((3, f"another column has {mark!r} before three digits beside whole numbers"))
    votes.append(_by_delimiter(mark, marks.delimiter))
    if marks.dates:
        european = marks.dates == "."
        votes.append((1 if european == (mark == ".") else -1, f"the dates are {'European' if european else 'American'}"))
    total = sum(weight for weight, _ in votes)
    why = tuple(f"{reason} ({weight:+d} for thousands)" for weight, reason in votes if weight)
    if abs(total) < _ENOUGH:
        return Verdict(mark, spaces, example, why)
    return Verdict(other, spaces + mark, why=why) if total > 0 else Verdict(mark, spaces, why=why)


def _by_delimiter(mark: str, delimiter: str) -> tuple[int, str]:
    name = {"\t": "tab", " ": "space"}.get(delimiter, delimiter)
    if mark == ".":
        return (1 if delimiter == ";" else -2), f"fields are split by {name!r}"
    return {",": 2, ";": -1}.get(delimiter, 1), f"fields are split by {name!r}"
