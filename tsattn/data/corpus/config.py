"""Settings of the real series in a pre-training mixture. Does not import NumPy."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from tsattn.errors import ConfigError


@dataclass(frozen=True)
class CorpusConfig:
    """Share of real series, sampling weights, and the share of rows that each augmentation changes."""

    share: float = 0.60  # share of real rows in a batch; the others are synthetic
    source_power: float = 0.4  # sources are sampled in proportion to their number of observations to this power
    item_power: float = 0.5  # series of a source are sampled in proportion to their length to this power
    weights: dict[str, float] = field(default_factory=dict)  # factors of sources' weights; default 1, 0 excludes
    held_out: tuple[str, ...] = ()  # sources used for validation only
    licences: dict[str, str] = field(default_factory=dict)  # licence of each source, for the model card only

    coarser: float = 0.50  # averaged over k steps
    thinned: float = 0.15  # share of the coarser rows that take every k-th value instead of means
    short: float = 0.33  # cut on the left, to at least 40 values
    mixup: float = 0.20  # a weighted sum of two standardised series
    flip: float = 0.50  # sign reversed
    reverse: float = 0.05  # time reversed
    amplitude: float = 0.15  # multiplied by a slowly changing amplitude
    slope: float = 0.10  # straight line added
    missing: float = 0.10  # single values and blocks
    offset: float = 0.65  # random level and scale
    season_input: float = 0.80  # with their season lengths as input; half of the others get none, half wrong ones

    def __post_init__(self) -> None:
        for name in SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be between 0 and 1, not {getattr(self, name)}")
        for name in ("source_power", "item_power"):
            if not 0 <= getattr(self, name) <= 2:
                raise ConfigError(f"{name} must be between 0 and 2, not {getattr(self, name)}")
        for source, weight in self.weights.items():
            if not 0 <= weight < float("inf"):
                raise ConfigError(f"the weight of source {source!r} must be at least 0, not {weight}")
        if not all(isinstance(name, str) for name in self.held_out):
            raise ConfigError(f"held_out must be a list of source names, not {list(self.held_out)!r}")

    def identity(self) -> dict[str, Any]:
        """Return plain JSON values of all settings that affect which rows are drawn."""
        values = dataclasses.asdict(self)
        del values["licences"]
        return {**values, "held_out": list(self.held_out)}

    def undisturbed(self) -> CorpusConfig:
        """Return the same sources at their own step, without augmentation, with true season lengths as input."""
        changes: dict[str, Any] = {name: float(name == "season_input") for name in MULTIPLICATIONS}
        return dataclasses.replace(self, **changes)


MULTIPLICATIONS = (
    *("coarser", "thinned", "short", "mixup", "flip", "reverse", "amplitude", "slope", "missing", "offset", "season_input"),
)
SHARES = ("share", *MULTIPLICATIONS)
