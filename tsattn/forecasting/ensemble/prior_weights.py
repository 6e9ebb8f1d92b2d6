"""Weights of the members before any hold-out origin is read: largest for the method expected to be best on such a history.

On a long history the network forecasts best; on a short one, and on a random walk, the state-space models do, whose likelihood
uses every value; on a random walk whose volatility clusters, the GARCH models do (benchmarks/LOG.md). Hold-out origins of a short
series are few and see about half of its history, and those of a random walk reward forecasts that were right by chance, so there
part of the prior remains regardless of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.garch import Garch
from tsattn.forecasting.baselines.state_space import LONG_SEASON, StateSpace
from tsattn.forecasting.ensemble.coarser_step import CoarserStep
from tsattn.forecasting.ensemble.phase_regression import PhaseRegression
from tsattn.forecasting.ensemble.seasonal_profile import SeasonalProfile
from tsattn.forecasting.ensemble.series_trees import SeriesTrees
from tsattn.forecasting.frame import Forecaster

SHORT = 200.0  # observed steps at which a series counts as half short
WALK = 0.2  # posterior probability of a random walk at which a series counts as half one
NETWORK = 0.15  # prior weight of the network for 1 of the state-space models on such series
TREES = 0.3  # prior weight of the trees, and of the profile, for 1 of the network
LUMPY = 4  # power of the share of values that are not zero, in how short a series counts as
CLUSTERED = 0.1  # prior weight of the network and of the state-space models for 1 of the GARCH models where volatility clusters
LASTING = 0.5  # part of the prior that remains on a short series; on a random walk, all

_Member = TypeVar("_Member", bound=Forecaster)


class Prior(NamedTuple):
    """Prior weights (1 + M, B) of the network and the members, and the part of them (B,) that remains against all evidence."""

    weights: np.ndarray
    lasting: np.ndarray


def prior_of(members: Sequence[Forecaster], batch: WindowBatch, other: float) -> Prior:
    """Return the prior of each window.

    other: weight of every other member for 1 of the best, and of the state-space models on a long series for 1 of the network.
    `coarser` has the same weight as the network, and so has the regression on covariates, which has no forecast unless they
    helped in the past (phase_regression.py). `trees` and `profile` have less: on a single series, few hold-out origins tell
    whether they help. If the members include neither state-space nor GARCH models, the network is expected to be best everywhere.
    """
    weights, lasting = np.full((1 + len(members), len(batch)), other), np.zeros(len(batch))
    networks = [0, *(1 + i for i, one in enumerate(members) if isinstance(one, CoarserStep))]
    weights[networks] = 1.0
    weights[[1 + i for i, one in enumerate(members) if isinstance(one, PhaseRegression)]] = 1.0
    weights[[1 + i for i, one in enumerate(members) if isinstance(one, (SeriesTrees, SeasonalProfile))]] = TREES
    state_space, clustered = _place(members, StateSpace), _place(members, Garch)
    if state_space is not None:
        at, model = state_space
        share, lasting = _state_space(model, batch)
        weights[networks] = NETWORK**share
        weights[at] = other ** (1 - share)
    if clustered is not None:
        at, garch = clustered
        support = garch.support(batch)
        usual = [*networks, *([] if state_space is None else [state_space[0]])]
        weights[usual] += support * (CLUSTERED - weights[usual])
        weights[at] += support * (1 - weights[at])
        lasting = lasting + (1 - lasting) * support
    return Prior(weights, lasting)


def _place(members: Sequence[Forecaster], kind: type[_Member]) -> tuple[int, _Member] | None:
    """Return the row among the weights, and the member, of the first member of a kind."""
    return next(((1 + i, one) for i, one in enumerate(members) if isinstance(one, kind)), None)


def _state_space(model: StateSpace, batch: WindowBatch) -> tuple[np.ndarray, np.ndarray]:
    """Return (B,) how far the state-space models are expected to be best, and the part of the prior that remains."""
    span = batch.observed_lengths
    season = model.season_length or (batch.season_lengths or (1,))[0]
    short = 1 / (1 + (span / SHORT) ** 2) if season <= LONG_SEASON else np.zeros(len(batch))
    walk = model.walk_probability(batch)
    walk = walk**2 / (walk**2 + WALK**2)
    # series with many zeros are not normal: the models forecast a mean where the median is zero
    zeros = (batch.past_target == 0).sum(1) / np.maximum((~np.isnan(batch.past_target)).sum(1), 1)
    short, walk = short * (1 - zeros) ** LUMPY, walk * (1 - zeros) ** LUMPY
    return short + (1 - short) * walk, LASTING * short + (1 - LASTING * short) * walk
