"""Names of many columns by their shapes: one test for all names that differ only in their digits.

A table of 200,000 columns has a few shapes, such as shop_0 to shop_00000, so that checks of names cost little there.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable

import numpy as np

_ZEROS = str.maketrans("123456789", "000000000")
_DIGITS = re.compile(r"0+")
_CACHED = 8  # lists of names whose shapes are kept: the stages of a reading ask for the same few lists


def shape(name: str) -> str:
    """Return a name with each digit written as 0: shop_00 of shop_17."""
    return name.translate(_ZEROS)


def stem(name: str) -> str:
    """Return a name with each run of digits written as 0: shop_0 of shop_17.

    tsattn recognises no word with a digit in a name, so names with the same stem mean the same.
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
    """Return the names of the kinds that pass a test; which: (C,) the kind of each name."""
    passed = [bool(test(kind)) for kind in kinds]
    if all(passed):
        return list(names)
    if not any(passed):
        return []
    return [names[k] for k in np.flatnonzero(np.array(passed)[which]).tolist()]


@functools.lru_cache(_CACHED)
def _shapes(names: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the distinct shapes, and (C,) int32, the number of the shape of each name."""
    return _numbered(_each(names, lambda text: text.translate(_ZEROS)))


@functools.lru_cache(_CACHED)
def _stems(names: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the distinct stems, and (C,) int32, the number of the stem of each name."""
    shapes, which = _shapes(names)
    stems, of_shapes = _numbered(_each(shapes, lambda text: _DIGITS.sub("0", text)))
    return stems, of_shapes[which]


def _each(names: tuple[str, ...], change: Callable[[str], str]) -> list[str]:
    """Return the names after a change that leaves line breaks alone, in one call for all."""
    changed = change("\n".join(names)).split("\n")
    if len(changed) == len(names):
        return changed
    return list(map(change, names))  # no names, or a line break in one


def _numbered(texts: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the distinct texts in order, and (n,) int32, the number of each text."""
    number = {text: k for k, text in enumerate(dict.fromkeys(texts))}
    return tuple(number), np.fromiter(map(number.__getitem__, texts), np.int32, len(texts))
