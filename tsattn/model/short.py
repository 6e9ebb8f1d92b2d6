"""Short series need no long windows: each is forecast from about as many tokens as hold it.

What lies before a series changes next to nothing (attention does not see it, positions are counted from the first
observation; the recurrent front-end forgets it), and costs as much as the series itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tsattn.config import ModelConfig

Run = Callable[[dict[str, np.ndarray]], np.ndarray]


def by_length(run: Run, config: ModelConfig) -> Run:
    """`run`, on windows cut to what they need: a network's pass over windows of any whole number of tokens, two at least.

    The length depends on a window alone, not on what is forecast with it.
    """
    if not config.any_length:
        return run

    def each(feed: dict[str, np.ndarray]) -> np.ndarray:
        steps = lengths(feed["target"], config)
        kinds = np.unique(steps)
        if len(kinds) == 1:
            return run(_cut(feed, slice(None), int(kinds[0]), config.context))
        parts = [(steps == length, int(length)) for length in kinds]
        answers = [run(_cut(feed, rows, length, config.context)) for rows, length in parts]
        out = np.empty((len(steps), *answers[0].shape[1:]), answers[0].dtype)
        for (rows, _), answer in zip(parts, answers, strict=True):
            out[rows] = answer
        return out

    return each


def lengths(target: np.ndarray, config: ModelConfig) -> np.ndarray:
    """Steps that each window (B, L) needs: from its first observation on, in one of few sizes, as each is a pass of its own."""
    seen = ~np.isnan(target)
    needed = np.where(seen.any(1), target.shape[1] - seen.argmax(1), 0)
    most = config.context // config.patch
    sizes = np.array(sorted({*(2**k for k in range(1, 12)), *(3 * 2**k for k in range(10))} | {most}))
    sizes = sizes[sizes <= most]
    tokens = sizes[np.searchsorted(sizes, -(-needed // config.patch))]
    return np.asarray(tokens * config.patch)


def _cut(feed: dict[str, np.ndarray], rows: np.ndarray | slice, length: int, context: int) -> dict[str, np.ndarray]:
    """The chosen rows, and the last `length` steps of the past."""
    out = {name: values[rows] for name, values in feed.items()}
    if length < context:
        out["target"], out["past_cov"] = out["target"][:, -length:], out["past_cov"][:, -length:]
        out["known"] = out["known"][:, context - length :]
    return out
