"""Totals in the data, beside their parts: found by an empty cell, a name such as "Total", or because they add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tsattn.data.names import listed
from tsattn.forecasting.hierarchy.common_grid import CommonGrid

WORDS = {
    *("total", "totals", "all", "sum", "subtotal", "sub total", "grand total", "overall", "aggregate", "aggregated"),
    *("gesamt", "summe", "alle", "insgesamt", "totale", "totaal", "suma", "soma", "tous", "toutes", "todos", "tutti", "totalt"),
}
TOLERANCE = 1e-3  # relative difference below which a total agrees with the sum of its parts
ALIKE = 0.95  # share of steps at which a series must be the sum of the others to be found without a name such as "Total"
LEAST = 8  # common steps for that


@dataclass(frozen=True)
class OwnTotal:
    """Total in the data, compared with the sum of its parts at `steps` steps.

    apart: steps at which the two differ. most: the largest difference, relative to the sum.
    """

    name: str
    steps: int
    apart: int
    most: float


def find_own_totals(labels: Sequence[tuple[str, ...]], names: Sequence[str], grid: CommonGrid) -> dict[int, OwnTotal]:
    """Find the series that are totals of others under the same label prefix, by their index."""
    found: dict[int, tuple[int, ...]] = {}
    every = range(len(labels))
    for i, label in enumerate(labels):
        word = next((d for d, part in enumerate(label) if part.strip().casefold() in WORDS), None)
        if word is not None:  # ("north", "Total"), or ("Total",)
            within = label[:word]
        elif any(labels[j][: len(label)] == label for j in every if j != i):
            within = label  # ("north",) beside ("north", "a"): the cell of the shop is empty
        else:
            continue
        found[i] = tuple(j for j in every if j != i and labels[j][: len(within)] == within)
    found = {i: tuple(j for j in parts if j not in found) for i, parts in found.items()}
    found = {i: parts for i, parts in found.items() if parts}
    for i, parts in _adding_up(labels, set(found), grid).items():
        found[i] = parts
    return {i: compared(names[i], grid.values[i], grid, np.array(parts)) for i, parts in found.items()}


def _adding_up(labels: Sequence[tuple[str, ...]], known: set[int], grid: CommonGrid) -> dict[int, tuple[int, ...]]:
    """Find series that equal the sum of two or more others: all those under the same label prefix."""
    found: dict[int, tuple[int, ...]] = {}
    children: dict[tuple[str, ...], dict[str, list[int]]] = {}
    for i, label in enumerate(labels):
        for depth in range(len(label) if i not in known else 0):
            children.setdefault(label[:depth], {}).setdefault(label[depth], []).append(i)
    for groups in children.values():
        everything = [i for group in groups.values() for i in group]
        if len(groups) < 3:
            continue
        total = _sum_of(grid, np.array(everything))
        for group in groups.values():
            if len(group) != 1 or group[0] in found:
                continue
            others = tuple(i for i in everything if i != group[0])
            rest = total - np.nan_to_num(grid.values[group[0]].astype(np.float64))
            check = _compared(grid.values[group[0]], rest)
            varies = np.nanstd(grid.values[group[0]]) > 0
            if varies and check[0] >= LEAST and check[1] <= (1 - ALIKE) * check[0]:
                found[group[0]] = others
                break
    return found


def compared(name: str, own: np.ndarray, grid: CommonGrid, parts: np.ndarray) -> OwnTotal:
    """Compare a total (T,) with the sum of its parts, at the steps at which all of them are known."""
    return OwnTotal(name, *_compared(own, _sum_of(grid, parts)))


def _sum_of(grid: CommonGrid, parts: np.ndarray) -> np.ndarray:
    """Return the sum (T,) of the parts; NaN where a part is missing."""
    return np.asarray(grid.values[parts].astype(np.float64).sum(0))


def _compared(own: np.ndarray, total: np.ndarray) -> tuple[int, int, float]:
    both = ~np.isnan(own) & ~np.isnan(total) & (own != 0)
    if not both.any():
        return 0, 0, float("nan")
    size = np.maximum(np.abs(total[both]), 1e-12 + 1e-6 * np.abs(total[both]).max())
    difference = np.abs(own[both].astype(np.float64) - total[both]) / size
    return int(both.sum()), int((difference > TOLERANCE).sum()), float(difference.max())


def notes_on(found: Sequence[OwnTotal]) -> tuple[str, ...]:
    """Return the notes on totals in the data: those that agree with the sum of their parts, and those that do not."""
    lines = []
    agree = [one.name for one in found if not one.apart and one.steps]
    if agree:
        said = "is the sum" if len(agree) == 1 else "are the sums"
        lines.append(f"totals in the data: {listed(agree)} {said} of other series; forecast as sums")
    for one in found:
        if not one.steps:
            lines.append(f"totals in the data: {one.name!r} is left out; it has no step in common with its parts")
        elif one.apart:
            lines.append(
                f"totals in the data: {one.name!r} differs from the sum of its parts at {one.apart:,} of {one.steps:,} steps, "
                f"by up to {100 * one.most:.3g} %; it is left out, and the sum is forecast"
            )
    return tuple(lines)
