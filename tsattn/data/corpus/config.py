"""Settings of the real series in a pre-training mixture. Plain values: this file imports no arrays."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from tsattn.errors import ConfigError


@dataclass(frozen=True)
class CorpusConfig:
    """Share of real series, how they are drawn, and the share of rows that each multiplication changes."""

    share: float = 0.60  # real rows of a batch; the others are synthetic
    source_power: float = 0.4  # a source is drawn by its observations to this power
    item_power: float = 0.5  # a series of a source by its length to this power
    weights: dict[str, float] = field(default_factory=dict)  # factors on the weight of a source; 1 unless named, 0 leaves it out
    held_out: tuple[str, ...] = ()  # sources that are never trained on; they judge the weights
    licences: dict[str, str] = field(default_factory=dict)  # licence of a source, for the model card; nothing else reads it

    coarser: float = 0.50  # read at a coarser step: means over k steps
    thinned: float = 0.15  # of the coarser ones: every k-th value instead of means
    short: float = 0.33  # cut on the left, to 40 values and more
    mixup: float = 0.20  # a weighted sum of two standardised series
    flip: float = 0.50  # the sign
    reverse: float = 0.05  # time runs backwards
    amplitude: float = 0.15  # a slow change of amplitude
    slope: float = 0.10  # a straight line is added
    missing: float = 0.10  # single values and blocks
    offset: float = 0.65  # a level of its own
    told: float = 0.80  # the season lengths of the frequency are given; half of the others get none, half wrong ones

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
            raise ConfigError(f"held_out must be a list of names of sources, not {list(self.held_out)!r}")

    def identity(self) -> dict[str, Any]:
        """Plain values of everything that decides which rows are drawn, as JSON gives them back."""
        values = dataclasses.asdict(self)
        del values["licences"]
        return {**values, "held_out": list(self.held_out)}

    def undisturbed(self) -> CorpusConfig:
        """The same sources at their own step, as they are, with their season lengths given."""
        changes: dict[str, Any] = {name: float(name == "told") for name in MULTIPLICATIONS}
        return dataclasses.replace(self, **changes)


MULTIPLICATIONS = (
    *("coarser", "thinned", "short", "mixup", "flip", "reverse", "amplitude", "slope", "missing", "offset", "told"),
)
SHARES = ("share", *MULTIPLICATIONS)
