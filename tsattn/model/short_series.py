"""Shorter windows for short series: each is forecast from about as many tokens as it fills.

Missing values before a series barely change its forecast (attention masks them, positions count from the first observation,
the recurrent front-end forgets them), but would cost as much as the series itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tsattn.config import ModelConfig
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.data.groups import largest, whole_groups
from tsattn.data.windows import observed_lengths
from tsattn.nn.inputs import TIMED

JOINT = 128  # maximum number of windows of a run with attention across series, which compares all pairs
TOGETHER = 2048  # tokens of a pass; 20 to 33 % faster than passes of 512 windows

Run = Callable[[dict[str, np.ndarray]], np.ndarray]


def by_length(run: Run, config: ModelConfig, fill: int = 1) -> Run:
    """Wrap a pass of the network so that each window is cut to the length it needs.

    run: a pass over windows of any whole number of tokens, at least two. The length depends on the window only. Windows of one
    length are padded to a multiple of `fill` rows: matrix products of few rows are summed in another order than those of many,
    which changes the last digits.
    """

    def each(feed: dict[str, np.ndarray]) -> np.ndarray:
        steps = lengths(feed["target"], config)
        steps = largest(steps, feed["group"]) if config.across else steps
        parts = [(np.flatnonzero(steps == length), int(length)) for length in np.unique(steps)]
        filled = [(np.concatenate([rows, rows[:1].repeat(-len(rows) % fill)]), length) for rows, length in parts]
        cut = [_cut(feed, rows, length, config.context) for rows, length in filled]
        if config.across:
            cut = [{**part, "group": _apart(part["group"], len(rows))} for part, (rows, _) in zip(cut, parts, strict=True)]
        answers = [_in_turn(run, part, length // config.patch, config) for part, (_, length) in zip(cut, filled, strict=True)]
        out = np.empty((len(steps), *answers[0].shape[1:]), answers[0].dtype)
        for (rows, _), answer in zip(parts, answers, strict=True):
            out[rows] = answer[: len(rows)]
        return out

    return each


def _apart(group: np.ndarray, count: int) -> np.ndarray:
    """Return the groups of the first `count` windows, and a group of its own for each window that only pads the batch."""
    return np.concatenate([group[:count], -1 - np.arange(len(group) - count)])


def _in_turn(run: Run, feed: dict[str, np.ndarray], tokens: int, config: ModelConfig) -> np.ndarray:
    """Call `run` on chunks of the rows, so that intermediate results fit into the processor's cache. Groups stay whole."""
    size = max(16, 1 << (max(1, TOGETHER // tokens).bit_length() - 1))  # a power of two, see `fill`
    rows = len(feed["target"])
    if rows <= (min(size, JOINT) if config.across else size):
        return run(feed)
    if config.across:
        chunks = list(whole_groups(feed["group"], min(size, JOINT)))
        made = np.concatenate([run({n: v[some] for n, v in feed.items()}) for some in chunks])
        return made[np.argsort(np.concatenate(chunks))]
    return np.concatenate([run({n: v[at : at + size] for n, v in feed.items()}) for at in range(0, rows, size)])


def seasons_by_length(past: np.ndarray, usual: tuple[int, ...] | np.ndarray, config: ModelConfig) -> np.ndarray:
    """Find the seasons of windows (B, L), each cut to the length it needs, since the time grows with the length."""
    steps, out = lengths(past, config), np.empty((len(past), 4), np.float32)
    for length in np.unique(steps):
        rows = np.flatnonzero(steps == length)
        own = usual[rows] if isinstance(usual, np.ndarray) and usual.ndim == 2 else usual
        out[rows] = find_seasons(past[rows, -int(length) - config.patch :], own)  # the longest lag needs a neighbour
    return out


def lengths(target: np.ndarray, config: ModelConfig) -> np.ndarray:
    """Return the number of steps each window (B, L) needs: from its first observation on, rounded up to one of a few sizes."""
    if not config.any_length:
        return np.full(len(target), config.context)
    needed = observed_lengths(target)
    most = config.context // config.patch
    sizes = np.array(sorted({*(2**k for k in range(1, 12)), *(3 * 2**k for k in range(10))} | {most}))
    sizes = sizes[sizes <= most]
    tokens = sizes[np.searchsorted(sizes, -(-needed // config.patch))]
    return np.asarray(tokens * config.patch)


def _cut(feed: dict[str, np.ndarray], rows: np.ndarray, length: int, context: int) -> dict[str, np.ndarray]:
    """Select rows, and the last `length` steps of their past."""
    return {name: (values[:, context - length :] if name in TIMED else values)[rows] for name, values in feed.items()}
