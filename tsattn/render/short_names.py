"""Names of series in the narrow columns of tables: the part in which they differ is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from tsattn.data.names import printable

_LABELS = "\"'`(){}[]<>,;|/= "  # borders of labels and words, as in cpu_usage{instance="web-00:9100", job="node"}
_WORDS = _LABELS + "-_.:"
_COMPARED = 10_000  # names in which a cut is tried at most


def shortened(text: str, most: int) -> str:
    """Replace the middle of a text longer than `most` characters by …"""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most - most // 2 - 1) :]}"


def _without_end(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _without_start(text: str, most: int) -> str:
    return text if len(text) <= most else f"…{text[1 - most :]}"


@dataclass(frozen=True)
class ShortNames:
    """Rule that shortens the names of a data set to a width.

    before, behind: what all names begin and end with; both are left out. cut: what shortens the rest.
    """

    most: int
    before: str = ""
    behind: str = ""
    cut: Callable[[str, int], str] = shortened

    @classmethod
    def of(cls, names: Sequence[str], most: int) -> ShortNames:
        """Choose the rule for all names: none if they fit into `most` characters.

        Otherwise the names lose what they share at both ends, up to a border between labels or, if that is not enough, between
        words. What is still too long is cut where most names stay distinct.
        """
        every = [printable(name) for name in dict.fromkeys(names)]
        if max(map(len, every), default=0) <= most:
            return cls(most)
        before, behind = "", ""
        for borders in (_LABELS, _WORDS):
            before, behind = _shared(every, borders)
            if max(map(len, every)) - len(before) - len(behind) <= most:
                return cls(most, before, behind)
        parts = [name[len(before) : len(name) - len(behind)] for name in every[:_COMPARED]]
        cuts = (shortened, _without_start, _without_end)
        return cls(most, before, behind, max(cuts, key=lambda cut: len({cut(part, most) for part in parts})))

    def __call__(self, name: str) -> str:
        """Return a name as a table shows it. It must be one of those that the rule was made for."""
        text = printable(name)
        return self.cut(text[len(self.before) : len(text) - len(self.behind)], self.most)

    @property
    def note(self) -> str:
        """Text to print once beside the table: what the names share; "" if nothing is left out."""
        return f"series: {self.before}…{self.behind}" if self.before or self.behind else ""


def _shared(names: Sequence[str], borders: str) -> tuple[str, str]:
    """Return what distinct names begin and end with, up to a border; something is left of each name."""
    if len(names) < 2:
        return "", ""
    least = min(map(len, names)) - 1
    start = _start(names)[:least]
    before = start[: max((start.rfind(sign) + 1 for sign in borders), default=0)]
    end = _start([name[::-1] for name in names])[: least - len(before)][::-1]
    behind = end[min((at for sign in borders if (at := end.find(sign)) >= 0), default=len(end)) :]
    return before, behind


def _start(names: Sequence[str]) -> str:
    """Return the characters that all names begin with: those of the first and the last in alphabetical order."""
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(min(names), max(names), strict=False)))
