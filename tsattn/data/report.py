"""Findings, guesses and repairs of a reading, and their evidence, for people and for JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """Guess: `what` was taken for `value`; `flag` is the option to override it ("" where there is none)."""

    what: str
    value: str
    flag: str = ""


@dataclass(frozen=True)
class Repair:
    """Repairs of one kind: `what` was done, how often (`count`), and `where` the first one was.

    columns: number of columns in which it was done; 0 for repairs of rows and of the whole table.
    """

    what: str
    count: int
    where: str = ""
    columns: int = 0

    def __str__(self) -> str:
        return f"repaired: {self.what}: {self.amount}" + (f" (first: {self.where})" if self.where else "")

    @property
    def amount(self) -> str:
        """The count as text, with the number of columns if there are several."""
        return f"{self.count:,}" + (f" in {self.columns:,} columns" if self.columns > 1 else "")


@dataclass(frozen=True)
class Evidence:
    """Evidence of one guess: `what` was taken for `taken`, and `why`. over: the next best reading, with its score."""

    what: str
    taken: str
    why: str
    over: str = ""


@dataclass(frozen=True)
class ReadReport:
    """The report of one reading.

    rows: steps of all items from their first to their last observed value; missing: how many of these have no value.
    first, last: the earliest and the latest observed timestamp as ISO text (with the offset where the data has a zone).
    evidence: what each guess rests on.
    """

    source: str
    found: tuple[Finding, ...] = ()
    repaired: tuple[Repair, ...] = ()
    warnings: tuple[str, ...] = ()
    items: int = 0
    rows: int = 0
    missing: int = 0
    first: str = ""
    last: str = ""
    seconds: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    left_out: tuple[str, ...] = ()  # items without any value

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return dataclasses.asdict(self)


@dataclass
class Notes:
    """The notes of a reading's stages, from which `read` makes the report."""

    found: list[Finding] = field(default_factory=list)
    repaired: list[Repair] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def find(self, what: str, value: str, flag: str = "") -> None:
        self.found.append(Finding(what, value, flag))

    def repair(self, what: str, count: int, where: str = "", columns: int = 0) -> None:
        """Note a repair; one of the same kind as an earlier one is added to it."""
        if count:
            self._add(Repair(what, int(count), where, columns))

    def _add(self, new: Repair) -> None:
        for k, one in enumerate(self.repaired):
            if one.what == new.what:
                self.repaired[k] = dataclasses.replace(one, count=one.count + new.count, columns=one.columns + new.columns)
                return
        self.repaired.append(new)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def weigh(self, what: str, taken: str, why: str, over: str = "") -> None:
        self.evidence.append(Evidence(what, taken, why, over))

    def extend(self, other: Notes) -> None:
        """Append the notes of another stage."""
        self.found += other.found
        for one in other.repaired:
            self._add(one)
        self.warnings += other.warnings
        self.evidence += other.evidence
        self.left_out += other.left_out
