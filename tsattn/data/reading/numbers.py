"""Texts that are numbers: thousands and decimal marks, units, currencies, flags, and markers of missing values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.affixes import CURRENCY, DASH_ZERO, SPLIT_ARROW, Affixes, beside
from tsattn.data.reading.cell_spelling import plain_cells
from tsattn.data.reading.columns import Column
from tsattn.data.reading.debit_marks import debit_marks
from tsattn.data.reading.marks import UNKNOWN, Marks, Verdict, decide
from tsattn.data.reading.missing import CENSORED, CENSORED_WORDS, NULLS

_NUMBERS_TO_A_WORD = 5  # fewest distinct values that a column has for each distinct word such as Low
_HEAD, _MOST = 2_000, 20_000  # distinct texts that are checked
_TRAILING = r"^(\d[\d.,]*) ?-$"  # 45.91-, as accounting programs write negative numbers
_BOOLEANS = (
    ("true", "false"),
    ("yes", "no"),
    ("on", "off"),
    ("t", "f"),
    ("y", "n"),
    ("ja", "nein"),
    ("oui", "non"),
    ("wahr", "falsch"),
    ("vrai", "faux"),
    ("verdadero", "falso"),
    ("vero", "falso"),
    ("tak", "nie"),
    ("si", "no"),
    ("s\u00ed", "no"),
    ("sim", "n\u00e3o"),
    ("ein", "aus"),
    ("an", "aus"),
    ("open", "closed"),
    ("enabled", "disabled"),
)
_MINUS = (
    r"^([^\d]{0,4})[\x{2212}\x{2013}\x{2010}\x{2011}\x{ff0d}]( ?[\d.,])"  # dashes before a number, as word processors write them
)
_FLAG_BEFORE = r"^(~|\x{2248}|ca\.?|c\.|circa|approx\.|[pre*]|\([pre]\)) ?([+-]?\d[\d.,]*)$"  # ~56.7, p58.4, (p) 58.4
_FEW_FLAGS = 0.34  # share of the distinct texts that have a flag before the number
_FEW_MARKED = 500  # distinct texts in which marks of debit and credit are looked for first
# (89.76), (€89.76), € (89.76) and (89.76) €, as accounting formats write negative numbers
_PARENTHESES = rf"^({CURRENCY.pattern})?\s*\(\s*((?:{CURRENCY.pattern}\s*)?[\d.,][^()]*)\)\s*({CURRENCY.pattern}|%)?$"
_TRAILING_PLUS = r"^(\d[\d.,]*) ?\+$"
_FOOTNOTE = r"^([+-]?\d[\d.,]*)(?:\[\d{1,2}\]| \(\d{1,2}\)|\^\d| ?[\x{b9}\x{b2}\x{b3}][)\x{207e}])$"
_RAND = r"^([+-]?) ?R ?([+-]?\d[\d .,\x{a0}\x{202f}]*)$"
_RAND_AMOUNT = r"[.,]\d{2}$|\d[ \x{a0}\x{202f},]\d{3}$"  # with cents or a mark of thousands
_SPELLINGS = (
    (r"^([+-]?\d*\.\d*)[dD]([+-]\d{1,3})$", r"\1E\2"),  # 1.594D+06
    (r"^([+-]?\d[\d.,]*) ?[xX\x{d7}\x{b7}*] ?10\^?([+-]?\d{1,3})$", r"\1E\2"),  # 2,818·10^2
    (r"^% ?(\d[\d.,]*)$", r"\1%"),
)
_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$|^(?i)[+-]?inf(inity)?$"


@dataclass(frozen=True)
class Numbers:
    """A text column read as numbers.

    done: what was removed, for the report, with the number of rows that had it. bad: row of the first text that is not a number,
    or None. open: row of a text with two readings, 1.080 or 1080. clash: two units in one column. why: evidence for the marks.
    censored: number of rows such as <1, read as missing. odd: True if unknown text stands behind a few of the numbers.
    """

    column: Column
    done: Mapping[str, int] = field(default_factory=dict)
    bad: int | None = None
    open: int | None = None
    clash: tuple[str, str] | None = None
    why: tuple[str, ...] = ()
    censored: int = 0
    odd: bool = False


def as_numbers(column: Column, marks: Marks = UNKNOWN, tolerance: float = 0.0) -> Numbers | None:
    """Convert a column to numbers; None when it holds none, or when a share above `tolerance` of its texts are not numbers."""
    if column.kind == "number":
        return Numbers(column)
    if column.kind != "text" or column.labels is None:
        return None
    if not len(column.labels):
        return Numbers(replace(column, kind="number", values=np.full(len(column), np.nan, np.float32), labels=None))
    parsed = _parse(column.labels, marks)
    if parsed is None:
        return None
    failed = parsed.failed
    if failed.sum() > tolerance * len(failed) or failed.all():
        return None
    padded = np.append(parsed.values, np.nan)  # code -1 finds the NaN at the end
    return Numbers(
        Column(column.name, "number", padded[column.values]),
        {what: _rows(column, texts) for what, texts in parsed.done.items()},
        bad=_first_row(column, failed) if failed.any() else None,
        open=_first_row(column, parsed.open) if parsed.open is not None else None,
        clash=parsed.clash,
        why=parsed.why,
        censored=_rows(column, parsed.censored),
        odd=parsed.odd,
    )


def from_booleans(column: Column) -> Column | None:
    """Return a column of yes and no, true and false or on and off as 1 and 0; None for other texts."""
    if column.kind != "text" or column.labels is None:
        return None
    words = [t.lower() for t in column.texts()]
    if not words or not any(set(words) <= {yes, no} for yes, no in _BOOLEANS):
        return None
    values = np.array([float(w in {yes for yes, _ in _BOOLEANS}) for w in words] + [np.nan], np.float32)
    return replace(column, kind="number", values=values[column.values], labels=None)


def _rows(column: Column, labels: np.ndarray) -> int:
    """Return the number of rows that hold one of the texts. labels: (u,) bool."""
    return int(np.append(labels, False)[column.values].sum())


def _first_row(column: Column, labels: np.ndarray) -> int | None:
    rows = np.flatnonzero(np.append(labels, False)[column.values])
    return int(rows[0]) if len(rows) else None


@dataclass(frozen=True, eq=False)
class _Parsed:
    """Distinct texts as numbers. values, failed, censored: (u,); open: (u,) a text of two readings, or None.

    done: what was removed, with (u,) True for the texts that had it.
    """

    values: np.ndarray
    failed: np.ndarray
    censored: np.ndarray
    done: Mapping[str, np.ndarray]
    open: np.ndarray | None
    clash: tuple[str, str] | None
    why: tuple[str, ...]
    odd: bool


def _parse(labels: Any, marks: Marks) -> _Parsed | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    labels = plain_cells(labels)
    null = arrow.values(pc.is_in(labels, value_set=arrow.strings((*NULLS, *marks.missing))))
    censored = ~null & _matches(labels, CENSORED)
    in_words = ~null & _matches(labels, CENSORED_WORDS)
    if 0 < in_words.sum() <= len(labels) / _NUMBERS_TO_A_WORD:
        censored |= in_words
    null = null | censored
    text, done = _respelled(labels, null)
    seen = text.filter(arrow.bits(~null))
    head = seen.slice(0, _HEAD).to_pylist()
    found = beside(head) if head else Affixes()
    if found is None:
        return None  # cheaper than trying to convert a million names
    factor = None
    if found.kind != "none" or found.clash is not None:
        text, factor, removed = _bare(text, found)
        done.update(removed)
    cores = text.filter(arrow.bits(~null)).slice(0, _MOST).to_pylist()
    verdict = decide(cores, marks)
    number = _plain(text, verdict)
    good = _matches(number, _NUMBER) & ~null
    clean = pc.replace_substring_regex(pc.if_else(arrow.bits(good), number, arrow.text(None)), r"^\+", "")
    values = arrow.values(clean.cast(pa.float64()), np.nan)
    if factor is not None:
        values = values * factor
    opened = arrow.values(pc.equal(text, arrow.text(verdict.open)), False).astype(bool) if verdict.open else None
    done.update(_marks_removed(text, verdict))
    done = {what: texts & good for what, texts in done.items()}
    return _Parsed(values, ~good & ~null, censored, done, opened, found.clash, verdict.why, bool(found.odd))


def _respelled(labels: Any, null: np.ndarray) -> tuple[Any, dict[str, np.ndarray]]:
    """Return texts with their signs and exponents as in plain numbers, without flags before them, and what was changed.

    The changes come with (u,) True for the texts that they changed.
    """
    import pyarrow.compute as pc

    text = pc.replace_substring_regex(labels, _MINUS, r"\1-\2")
    done: dict[str, np.ndarray] = {}
    if (dashes := _matches(labels, DASH_ZERO)).any():
        text = pc.replace_substring_regex(text, DASH_ZERO, "0")
        done["dashes beside a currency read as 0"] = dashes
    if (rand := _without_rand(text, null)) is not None:
        text = rand
        done["currency R"] = ~null
    if (parentheses := _matches(labels, _PARENTHESES)).any():
        text = pc.replace_substring_regex(text, _PARENTHESES, r"-\1\2\3")
        done["parentheses read as minus"] = parentheses
    if 0 < (flagged := _matches(labels, _FLAG_BEFORE)).sum() <= _FEW_FLAGS * len(labels):
        text = pc.replace_substring_regex(text, _FLAG_BEFORE, r"\2")
        done["flags before the number"] = flagged
    if 0 < (noted := _matches(text, _FOOTNOTE)).sum() <= _FEW_FLAGS * len(labels):
        text = pc.replace_substring_regex(text, _FOOTNOTE, r"\1")
        done["footnote numbers"] = noted
    if (trailing := _matches(labels, _TRAILING) & ~null).any():
        text = pc.replace_substring_regex(text, _TRAILING, r"-\1")
        text = pc.replace_substring_regex(text, _TRAILING_PLUS, r"\1")
        done["minus signs behind the number"] = trailing
    if (signed := _signed(text, null)) is not None:
        text, signs, marked = signed
        done[signs] = marked
    for pattern, written in _SPELLINGS:
        if _matches(text, pattern).any():
            text = pc.replace_substring_regex(text, pattern, written)
    return text, done


def _without_rand(text: Any, null: np.ndarray) -> Any | None:
    """Return amounts in South African rand without their sign, R 1 250,50; None for other texts, such as the codes R1 and R2."""
    import pyarrow.compute as pc

    seen = text.filter(arrow.bits(~null))
    if not len(seen) or not _matches(seen.slice(0, _FEW_MARKED), _RAND).all() or not _matches(seen, _RAND).all():
        return None
    if 2 * _matches(seen, _RAND_AMOUNT).sum() < len(seen):
        return None
    return pc.replace_substring_regex(text, _RAND, r"\1\2")


def _signed(text: Any, null: np.ndarray) -> tuple[Any, str, np.ndarray] | None:
    """Return texts with minus signs for marks of debit, what was changed, and (u,) True for texts with a mark; else None."""
    import pyarrow.compute as pc

    seen = text.filter(arrow.bits(~null))
    found = debit_marks(seen.slice(0, _FEW_MARKED).to_pylist())
    if found is None or (len(seen) > _FEW_MARKED and debit_marks(seen.to_pylist()) is None):
        return None
    pattern, negative, positive = found
    groups = pc.extract_regex(text, pattern)
    number = pc.utf8_trim_whitespace(pc.struct_field(groups, "num"))
    debit = pc.equal(pc.utf8_lower(pc.struct_field(groups, "mark")), arrow.text(negative.lower()))
    number = pc.if_else(debit, pc.binary_join_element_wise("-", number, ""), number)
    marked = groups.is_valid()
    return pc.if_else(marked, number, text), f"{negative} read as minus and {positive} as plus", arrow.values(marked, False)


def _matches(texts: Any, pattern: str) -> np.ndarray:
    """Return (u,) bool: True for texts that a regular expression matches, False for nulls."""
    import pyarrow.compute as pc

    return arrow.values(pc.match_substring_regex(texts, pattern), False).astype(bool)


def _marks_removed(text: Any, verdict: Verdict) -> dict[str, np.ndarray]:
    """Return the marks that `_plain` removes or replaces, with (u,) True for the texts that have them."""
    done = {}
    if verdict.thousands:
        done["thousands separators"] = _matches(text, rf"\d[{re.escape(verdict.thousands)}]\d{{3}}")
    if verdict.decimal == "," and verdict.why and (commas := _matches(text, ",")).any():
        done["decimal commas"] = commas
    return done


def _bare(text: Any, found: Affixes) -> tuple[Any, np.ndarray | None, dict[str, np.ndarray]]:
    """Return the numbers without the text beside them, the factor of each suffix, and what was removed.

    The last comes with (u,) True for the texts that had it: a currency before or behind the number, another suffix behind it.
    """
    import pyarrow.compute as pc

    groups = pc.extract_regex(text, SPLIT_ARROW)
    fields = [pc.struct_field(groups, name) for name in ("neg", "num")]
    number = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*fields, arrow.text("")))
    number = pc.if_else(groups.is_valid(), number, text)
    suffixes = pc.utf8_trim_whitespace(pc.struct_field(groups, "post")).dictionary_encode()
    words, codes = [s or "" for s in suffixes.dictionary.to_pylist()], arrow.values(suffixes.indices, -1)
    odd = np.array([word in found.odd for word in words] + [False])[codes]
    number = pc.if_else(arrow.bits(odd), text, number)
    currency = np.array([bool(CURRENCY.fullmatch(word)) for word in words] + [False])[codes]
    other = np.array([bool(word) for word in words] + [False])[codes] & ~currency
    currency |= _matches(pc.struct_field(groups, "pre"), ".")
    removed = {what: currency if what.startswith("currency") else other for what in found.done}
    if found.kind != "scale":
        return number, None, removed
    return number, np.array([found.factors.get(word, 1.0) for word in words] + [1.0])[codes], removed


def _plain(text: Any, verdict: Verdict) -> Any:
    """Numbers with a decimal point and no thousands marks; texts whose groups are not of three digits stay as they are."""
    import pyarrow.compute as pc

    if verdict.thousands:
        inner = "".join(rf"\{c}" if c in ".'" else c for c in verdict.thousands)
        grouped = rf"^[+-]?\d{{1,3}}([{inner}]\d{{2,3}})*[{inner}]\d{{3}}(\{verdict.decimal}\d*)?([eE][+-]?\d+)?$"
        bare = pc.replace_substring_regex(text, f"[{inner}]", "")
        text = pc.if_else(arrow.bits(_matches(text, grouped)), bare, text)
        if verdict.decimal == ",":  # what is still marked is not a number: 33.7 where the point groups thousands
            text = pc.if_else(arrow.bits(_matches(text, r"\.")), arrow.text("?"), text)
    return pc.replace_substring(text, ",", ".") if verdict.decimal == "," else text
