"""Shapes of column names: one test for all names that differ only in their digits.

A table of 200,000 columns usually has a few shapes, such as shop_0 to shop_00000, so checks of names are fast.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable

import numpy as np

_ZEROS = str.maketrans("123456789", "000000000")
_DIGITS = re.compile(r"0+")
_CACHED = 8  # size of the cache of lists: the stages of reading use the same few lists of names


def shape(name: str) -> str:
    """Return a name with each digit written as 0: shop_00 for shop_17."""
    return name.translate(_ZEROS)


def stem(name: str) -> str:
    """Return a name with each run of digits written as 0: shop_0 for shop_17.

    tsattn recognises no words with digits in names, so names with the same stem have the same meaning.
    """
    return _DIGITS.sub("0", shape(name))


def names_that(names: Iterable[str], test: Callable[[str], object]) -> list[str]:
    """Return the names that pass a test of their words, run once per stem."""
    every = tuple(names)
    return _picked(every, test, *_stems(every))


def names_shaped(names: Iterable[str], test: Callable[[str], object]) -> list[str]:
    """Return the names whose shape passes a test, run once per shape.

    A name that matches a pattern whose only literal digits are zeros has a shape that matches it too.
    """
    every = tuple(names)
    return _picked(every, test, *_shapes(every))


def all_shaped(names: Iterable[str], test: Callable[[str], object]) -> bool:
    """Return True if the shapes of all names pass a test."""
    return all(map(test, _shapes(tuple(names))[0]))


def _picked(names: tuple[str, ...], test: Callable[[str], object], kinds: tuple[str, ...], which: np.ndarray) -> list[str]:
    """Return the names whose kind passes a test. which: (C,) number of the kind of each name."""
    passed = [bool(test(kind)) for kind in kinds]
    if all(passed):
        return list(names)
    if not any(passed):
        return []
    return [names[k] for k in np.flatnonzero(np.array(passed)[which]).tolist()]


@functools.lru_cache(_CACHED)
def _shapes(names: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the distinct shapes, and the number of the shape of each name, (C,) int32."""
    return _numbered(_each(names, lambda text: text.translate(_ZEROS)))


@functools.lru_cache(_CACHED)
def _stems(names: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the distinct stems, and the number of the stem of each name, (C,) int32."""
    shapes, which = _shapes(names)
    stems, of_shapes = _numbered(_each(shapes, lambda text: _DIGITS.sub("0", text)))
    return stems, of_shapes[which]


def _each(names: tuple[str, ...], change: Callable[[str], str]) -> list[str]:
    """Apply `change`, which must keep line breaks, to all names in one call."""
    changed = change("\n".join(names)).split("\n")
    if len(changed) == len(names):
        return changed
    return list(map(change, names))  # no names, or a line break in one


def _numbered(texts: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the distinct texts in order, and the number of each text, (n,) int32."""
    number = {text: k for k, text in enumerate(dict.fromkeys(texts))}
    return tuple(number), np.fromiter(map(number.__getitem__, texts), np.int32, len(texts))
