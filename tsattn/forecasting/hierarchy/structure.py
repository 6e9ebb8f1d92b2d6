"""Structure of a hierarchy, the sums and their parts: from the values of item columns, or from formulas such as `total=a+b`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tsattn.data.names import did_you_mean, quoted
from tsattn.errors import ConfigError, DataError

TOTAL = "total"  # the sum of everything, as in Nixtla's names: total, total/north, total/north/a
SEPARATOR = "/"  # between the values of item columns in a series' name


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Hierarchy of n series: a sums, from the top down, then m leaves.

    names: (n,). parts: for each sum, the leaves in it (indices 0 … m-1). level: (n,) indices into `levels`, the top first.
    """

    names: tuple[str, ...]
    parts: tuple[np.ndarray, ...]
    level: np.ndarray
    levels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def sums(self) -> int:
        """Number of sums, a."""
        return len(self.parts)

    @property
    def leaves(self) -> int:
        """Number of leaves, m."""
        return len(self.names) - len(self.parts)

    def added(self, values: np.ndarray) -> np.ndarray:
        """Return the sums (a, …), float64, of values of the leaves (m, …)."""
        values = np.asarray(values, np.float64)
        return np.stack([values[part].sum(0) for part in self.parts])

    def matrix(self) -> np.ndarray:
        """Return the sums as rows of zeros and ones, (a, m)."""
        out = np.zeros((self.sums, self.leaves))
        for row, part in zip(out, self.parts, strict=True):
            row[part] = 1.0
        return out

    def level_of(self, name: str) -> str:
        """Return the level of a series."""
        return self.levels[self.level[self.names.index(name)]]


def labels_of(names: Sequence[str], columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the values of the item columns in each name, without those of empty cells.

    Raises DataError for a value that holds the separator, which would be ambiguous.
    """
    if len(columns) == 1:
        return [(name,) for name in names]
    out = []
    for name in names:
        label = tuple(name.split(SEPARATOR))
        if len(label) > len(columns):
            raise DataError(
                f"the series {name!r} has a {SEPARATOR!r} in a value of {' or '.join(columns)}",
                f"replace the {SEPARATOR!r} in that column, for example by '-'",
            )
        out.append(label)
    return out


def nested(labels: Sequence[tuple[str, ...]], columns: Sequence[str]) -> Hierarchy:
    """Build a sum for each prefix of the labels, with the labels themselves as leaves, in their order.

    A label that is the prefix of another must have been left out before.
    """
    members: dict[tuple[str, ...], list[int]] = {}
    for leaf, label in enumerate(labels):
        for depth in range(len(label)):
            members.setdefault(label[:depth], []).append(leaf)
    paths = sorted(members, key=len)
    depths = [len(path) for path in (*paths, *labels)]
    levels = (TOTAL, *columns)
    return Hierarchy(
        names=tuple(SEPARATOR.join((TOTAL, *path)) for path in (*paths, *labels)),
        parts=tuple(np.array(members[path], np.int64) for path in paths),
        level=np.array(depths, np.int64),
        levels=levels,
    )


def parsed(formula: str) -> tuple[str, tuple[str, ...]]:
    """Parse `total=a+b` into ("total", ("a", "b")). A name with + or = stands in double quotes. Raises ConfigError."""
    pieces = [piece.strip() for piece in re.findall(r'"[^"]*"|[^"+=]+|[+=]', formula)]
    pieces = [piece for piece in pieces if piece]
    names, signs = pieces[::2], pieces[1::2]
    shape = len(pieces) >= 3 and len(pieces) % 2 and signs == ["=", *["+"] * (len(signs) - 1)]
    if not shape or any(name in "+=" for name in names):
        raise ConfigError(f"--sum {formula!r} is not a sum", "write NAME=A+B, such as --sum total=north+south")
    plain = [name.strip('"') for name in names]
    return plain[0], tuple(plain[1:])


def of_formulas(formulas: Sequence[str], names: Sequence[str]) -> tuple[Hierarchy, tuple[str, ...]]:
    """Build the hierarchy of formulas over the series `names`.

    Also returns the series that are replaced: those that have a sum's name.

    A part may be a sum itself; `*` stands for all series. Raises ConfigError for an unknown part, a name given twice, or a sum
    of itself.
    """
    given: dict[str, tuple[str, ...]] = {}
    for formula in formulas:
        name, parts = parsed(formula)
        if name in given:
            raise ConfigError(f"--sum names {name!r} twice", "give each sum a name of its own")
        given[name] = parts
    replaced = tuple(name for name in names if name in given)
    leaves = [name for name in names if name not in given]
    index = {name: i for i, name in enumerate(leaves)}
    found = {name: _expanded(name, given, index, ()) for name in given}
    height = {name: _height(name, given) for name in given}
    order = sorted(given, key=lambda name: -height[name])
    tops = sorted(set(height.values()), reverse=True)
    levels = []
    for top in tops:
        here = [name for name in order if height[name] == top]
        levels.append(here[0] if len(here) == 1 else f"sums of {'series' if top == 1 else 'sums'}")
    level = [tops.index(height[name]) for name in order] + [len(levels)] * len(leaves)
    made = Hierarchy((*order, *leaves), tuple(found[name] for name in order), np.array(level, np.int64), (*levels, "series"))
    return made, replaced


def _expanded(name: str, given: Mapping[str, tuple[str, ...]], index: Mapping[str, int], above: tuple[str, ...]) -> np.ndarray:
    """Return the leaves of a sum, each once."""
    if name in above:
        raise ConfigError(f"--sum: {name!r} is a part of itself", "remove it from its own parts")
    leaves: list[int] = []
    for part in given[name]:
        if part == "*":
            leaves += range(len(index))
        elif part in given:
            leaves += _expanded(part, given, index, (*above, name)).tolist()
        elif part in index:
            leaves.append(index[part])
        else:
            pieces = [piece.strip() for piece in part.split(",")]
            known = len(pieces) > 1 and all(piece in index or piece in given for piece in pieces)
            others = [*index, *(other for other in given if other != name)]
            hint = f"join the parts with +: {'+'.join(pieces)}" if known else did_you_mean(part, others, "series")
            raise ConfigError(f"--sum {quoted(name)}: no series {part!r}", hint)
    if len(set(leaves)) < len(leaves):
        twice = next(n for n, i in index.items() if leaves.count(i) > 1)
        raise ConfigError(f"--sum {quoted(name)} counts {twice!r} twice", "name each part once")
    return np.array(leaves, np.int64)


def _height(name: str, given: Mapping[str, tuple[str, ...]]) -> int:
    return 1 + max((_height(part, given) for part in given[name] if part in given), default=0)
