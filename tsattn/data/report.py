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
    """Repairs of one kind: `what` was done, how often (`count`), and `where` the first one was."""

    what: str
    count: int
    where: str = ""

    def __str__(self) -> str:
        return f"repaired: {self.what}: {self.count:,}" + (f" (first: {self.where})" if self.where else "")


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

    def repair(self, what: str, count: int, where: str = "") -> None:
        if count:
            self.repaired.append(Repair(what, int(count), where))

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def weigh(self, what: str, taken: str, why: str, over: str = "") -> None:
        self.evidence.append(Evidence(what, taken, why, over))

    def extend(self, other: Notes) -> None:
        """Append the notes of another stage."""
        self.found += other.found
        self.repaired += other.repaired
        self.warnings += other.warnings
        self.evidence += other.evidence
        self.left_out += other.left_out
