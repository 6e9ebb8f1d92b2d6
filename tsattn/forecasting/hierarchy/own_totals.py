"""Totals in the data, beside their parts: found by an empty cell, a name such as "Total", or because they add up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from tsattn.data.names import listed, quoted
from tsattn.data.panel import Panel
from tsattn.forecasting.hierarchy.common_grid import CommonGrid

WORDS = {
    *("total", "totals", "all", "sum", "subtotal", "sub total", "grand total", "overall", "aggregate", "aggregated"),
    *("gesamt", "summe", "alle", "insgesamt", "totale", "totaal", "suma", "soma", "tous", "toutes", "todos", "tutti", "totalt"),
}
TOLERANCE = 1e-3  # relative difference below which a total agrees with the sum of its parts
ALIKE = 0.95  # share of steps at which a series must be the sum of the others to be found without a name such as "Total"
LEAST = 8  # common steps for that
_MOST_NAMED = 8  # series that a hint lists


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


def sum_of_the_others(panel: Panel) -> str | None:
    """Return the name of the series that is the sum of all others of the panel, or None.

    It must be so at every step, or at ALIKE of the steps if it is named like a total. Missing parts count as zero. The work is
    linear in the number of rows, so that any panel can be checked. Panels of several targets per item have no such series.
    """
    if len(panel) < 3 or (panel.schema.item and len(panel.schema.target) > 1):
        return None
    offset, exact = panel.freq.steps_between(np.full(len(panel), panel.start.min()), panel.start)
    if not exact.all():
        return None
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
    step = offset[item] + np.arange(len(item)) - panel.indptr[:-1][item]
    rows = np.flatnonzero(~np.isnan(panel.target))
    item, step, value = item[rows], step[rows], panel.target[rows].astype(np.float64)
    rest = np.bincount(step, value)[step] - value
    both = (np.bincount(step)[step] > 1) & ((value != 0) | (np.abs(rest) > 1e-9 * np.abs(value).max(initial=0.0)))
    apart = both & (np.abs(value - rest) > TOLERANCE * np.abs(rest))
    steps, differing = (np.bincount(item[some], minlength=len(panel)) for some in (both, apart))
    named = np.array([name.strip().casefold() in WORDS for name in panel.item_ids])
    able = (steps >= LEAST) & (differing <= np.where(named, (1 - ALIKE) * steps, 0))
    for i in sorted(np.flatnonzero(able).tolist(), key=lambda i: not named[i]):
        # a series equals the sum of its own copy and of zeros, too: no single part may be the whole sum
        largest = np.zeros(int(step.max()) + 1)
        np.maximum.at(largest, step[item != i], np.abs(value[item != i]))
        mine = (item == i) & both
        if (largest[step[mine]] < (1 - TOLERANCE) * np.abs(rest[mine])).sum() >= LEAST:
            return panel.item_ids[i]
    return None


def notes_on_sum(panel: Panel, shown: Collection[str] | None = None) -> tuple[str, ...]:
    """Return a note on the series that is the sum of all others, with the options that make forecasts add up or leave it out.

    shown: the series that are forecast, default all; () is returned if that series is not among them.
    """
    name = sum_of_the_others(panel)
    if name is None or (shown is not None and name not in shown):
        return ()
    others = [item for item in panel.item_ids if item != name]
    whole = f'"{name}"' if set(name) & set("+=") else name
    said = f"{name!r} is the sum of the other {len(others)} series and is read as a series of its own: "
    said += f"forecast with --sum '{whole}=*' to make forecasts add up"
    if panel.schema.item or len(panel.schema.target) < 2:
        return (said,)
    named = ",".join(map(quoted, others)) if len(others) <= _MOST_NAMED else "and the names of the others"
    return (f"{said}, or leave it out with --target {named}",)
