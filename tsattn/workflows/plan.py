"""Defaults of a training run by the data's size: horizon, test windows, network and schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tsattn.config import ModelConfig, TrainConfig, from_mapping, to_mapping
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError, DataError

TEST_SHARE = 0.2  # of an item's rows, at most, unless one single window needs more
MOST_WINDOWS = 20  # of an item
MOST_SCORED = 20_000  # windows of all items
LEAST = 8  # steps that the longest series must leave to learn from
STEP_TOKENS = 18_000  # optimiser steps times tokens of a window: minutes on two cores
MOST_HORIZON = 192  # steps of one pass; longer horizons are rolled out


@dataclass(frozen=True, eq=False)
class Plan:
    """A training run: forecast `horizon` steps; `windows` test windows of each item, from row test_start (S,), are held back."""

    horizon: int
    windows: int
    test_start: np.ndarray
    model: ModelConfig
    train: TrainConfig

    def to_mapping(self) -> dict[str, Any]:
        return {
            "horizon": self.horizon,
            "test_windows": self.windows,
            "model": to_mapping(self.model),
            "train": to_mapping(self.train),
        }


def plan(
    panel: Panel,
    *,
    horizon: int | None = None,
    test_windows: int | None = None,
    model: Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
) -> Plan:
    """Fill in the settings that are not given; `model` and `train` hold given fields of ModelConfig and TrainConfig.

    The default horizon is the frequency's, as in `forecast`; a shorter one where a third of the rows, or the rows with known
    covariates, do not reach so far. Raises ConfigError for bad numbers or unknown fields, DataError without usable values.
    """
    lengths = panel.lengths
    if not len(panel) or not np.isfinite(panel.target).any():
        raise DataError("the data has no observed value to train on", "check the target column: --target COLUMN")
    given = dict(model or {})
    horizon = given.get("horizon") if horizon is None else horizon
    if horizon is not None and (not isinstance(horizon, int) or horizon < 1):
        raise ConfigError(f"the horizon must be a positive number of steps, not {horizon!r}", "for example: --horizon 24")
    typical = float(np.quantile(lengths, 0.25))
    chosen = horizon or max(1, min(panel.freq.default_horizon, int(np.median(lengths)) // 3, known_steps(panel) or MOST_HORIZON))
    windows = _test_windows(panel, typical, chosen) if test_windows is None else test_windows
    if windows < 0:
        raise ConfigError(f"the number of test windows must be 0 or more, not {windows}", "for example: --test-windows 2")
    # as many whole windows as leave a step before them: the same windows that the backtest will score
    held = chosen * np.minimum(windows, np.maximum(lengths - 1, 0) // chosen)
    test_start = panel.origin - held
    left = lengths - held
    if left.max(initial=0) < LEAST:
        raise _too_short(int(lengths.max(initial=0)), int(held.max(initial=0)))
    context = _context(int(left.max()), given)
    # a recurrent decoder is trained, and used, up to the horizon
    reach = {"reach": min(chosen, ModelConfig.reach)}
    network = from_mapping(ModelConfig, {**context, **reach, **given, "horizon": min(chosen, MOST_HORIZON)}, "[model]")
    network = replace(network, across=network.across if len(panel) > 1 else 0)  # a single series has no others to read
    rows = int(np.isfinite(panel.before(test_start).target).sum())  # the test tail does not count, not even its gaps
    # about the same work for any context, and less of it for little data
    steps = int(min(TrainConfig.steps, STEP_TOKENS * network.patch // network.context, max(300, 20 * math.sqrt(rows))))
    schedule = from_mapping(TrainConfig, {"steps": steps, **(train or {})}, "[train]")
    return Plan(chosen, windows, test_start, network, schedule)


def _too_short(longest: int, held: int) -> DataError:
    """The error for series that leave too few rows beside the `held` test steps."""
    if longest < LEAST:
        rows = f"give at least {LEAST} rows; a useful model needs some hundred. Without training: tsattn forecast DATA"
        return DataError(f"the longest series has {longest} row{'s' if longest != 1 else ''}, too few to train on", rows)
    return DataError(
        f"the longest series has {longest} rows, {held} of them held back for the test: too few are left to train on",
        f"give at least {LEAST + held} rows, a shorter --horizon, or hold nothing back: --test-windows 0",
    )


def known_steps(panel: Panel) -> int | None:
    """Return the number of steps ahead for which every item has known covariates; None if there are none, or none for an item.

    Items that ended before the others and have none ahead do not count.
    """
    if not panel.known.shape[1] or not len(panel):
        return None
    ahead = panel.known_ahead()
    return int(ahead[(ahead > 0) | ~panel.ended()].min()) or None


def _test_windows(panel: Panel, typical: float, horizon: int) -> int:
    """Return the number of whole horizons in at most a fifth of the rows; 1 when a third of the rows holds one; otherwise 0."""
    fitting = min(MOST_WINDOWS, int(TEST_SHARE * typical / horizon), max(1, MOST_SCORED // len(panel)))
    return fitting if fitting else int(typical >= 3 * horizon)


def _context(longest: int, given: Mapping[str, Any]) -> dict[str, int]:
    """A context no longer than the longest series, with patches small enough for several tokens."""
    patch = given.get("patch")
    if not isinstance(patch, int) or patch < 1:
        patch = 32 if longest >= 512 else 16 if longest >= 256 else 8 if longest >= 64 else 4
    if "context" in given:
        context = given["context"]
        if isinstance(context, int) and "patch" not in given and context % patch:
            patch = math.gcd(context, patch)
        return {"patch": patch}
    most = ModelConfig.context - ModelConfig.context % patch
    return {"patch": patch, "context": max(patch, min(most, -(-longest // patch) * patch))}
