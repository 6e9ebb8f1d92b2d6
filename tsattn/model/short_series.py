"""Short series need no long windows: each is forecast from about as many tokens as hold it.

What lies before a series changes next to nothing (attention does not see it, positions are counted from the first
observation; the recurrent front-end forgets it), and costs as much as the series itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tsattn.config import ModelConfig
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.nn.inputs import TIMED

TOGETHER = 2048  # tokens of a pass: a fifth to a third faster than passes of 512 windows

Run = Callable[[dict[str, np.ndarray]], np.ndarray]


def by_length(run: Run, config: ModelConfig, fill: int = 1) -> Run:
    """`run`, on windows cut to what they need: a network's pass over windows of any whole number of tokens, two at least.

    The length depends on a window alone, not on what is forecast with it. Windows of one length are filled up to a multiple
    of `fill`: matrix products of few rows are summed in another order than those of many, which shows in the last digits.
    """

    def each(feed: dict[str, np.ndarray]) -> np.ndarray:
        steps = lengths(feed["target"], config)
        parts = [(np.flatnonzero(steps == length), int(length)) for length in np.unique(steps)]
        filled = [(np.concatenate([rows, rows[:1].repeat(-len(rows) % fill)]), length) for rows, length in parts]
        answers = [_in_turn(run, _cut(feed, rows, length, config.context), length // config.patch) for rows, length in filled]
        out = np.empty((len(steps), *answers[0].shape[1:]), answers[0].dtype)
        for (rows, _), answer in zip(parts, answers, strict=True):
            out[rows] = answer[: len(rows)]
        return out

    return each


def _in_turn(run: Run, feed: dict[str, np.ndarray], tokens: int) -> np.ndarray:
    """`run` on some rows after others: what a pass makes on the way then stays within the processor's cache."""
    size = max(16, 1 << (max(1, TOGETHER // tokens).bit_length() - 1))  # a power of two: see `fill`
    rows = len(feed["target"])
    if rows <= size:
        return run(feed)
    return np.concatenate([run({n: v[at : at + size] for n, v in feed.items()}) for at in range(0, rows, size)])


def seasons_by_length(past: np.ndarray, usual: tuple[int, ...] | np.ndarray, config: ModelConfig) -> np.ndarray:
    """`find_seasons` of windows (B, L), each in no longer a window than it needs: the time goes with the length."""
    steps, out = lengths(past, config), np.empty((len(past), 4), np.float32)
    for length in np.unique(steps):
        rows = np.flatnonzero(steps == length)
        own = usual[rows] if isinstance(usual, np.ndarray) and usual.ndim == 2 else usual
        out[rows] = find_seasons(past[rows, -int(length) - config.patch :], own)  # the longest lag wants a neighbour
    return out


def lengths(target: np.ndarray, config: ModelConfig) -> np.ndarray:
    """Steps that each window (B, L) needs: from its first observation on, in one of few sizes, as each is a pass of its own."""
    if not config.any_length:
        return np.full(len(target), config.context)
    seen = ~np.isnan(target)
    needed = np.where(seen.any(1), target.shape[1] - seen.argmax(1), 0)
    most = config.context // config.patch
    sizes = np.array(sorted({*(2**k for k in range(1, 12)), *(3 * 2**k for k in range(10))} | {most}))
    sizes = sizes[sizes <= most]
    tokens = sizes[np.searchsorted(sizes, -(-needed // config.patch))]
    return np.asarray(tokens * config.patch)


def _cut(feed: dict[str, np.ndarray], rows: np.ndarray, length: int, context: int) -> dict[str, np.ndarray]:
    """The chosen rows, and the last `length` steps of the past."""
    return {name: (values[:, context - length :] if name in TIMED else values)[rows] for name, values in feed.items()}
