"""Inputs of a network, declared once: a field of `Inputs` is the name, the shape and the ONNX input of an array.

To add one, add a field here, and its array to WindowBatch (data/windows.py); forward() in network.py says what is done with it.
Importing this loads no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tsattn.config import ModelConfig

PAST, SPAN = "L", "L + F"  # axes of time: the past, and the past with the steps ahead


@dataclass
class Inputs:
    """B windows of L past steps and F future ones (F = H, or enough for every origin). All float32.

    axes: what follows the batch axis: PAST, SPAN, the name of a width of InputSpec, or a number.

    target (B, L), NaN = missing. past_cov (B, L, P). known (B, L + F, K), NaN = unknown. static (B, C).
    seasons (B, 4): two periods in steps, and their autocorrelations (data/cleaning/seasonality.py).
    """

    target: Tensor = field(metadata={"axes": (PAST,)})
    past_cov: Tensor = field(
        metadata={
            "axes": (
                PAST,
                "past",
            )
        }
    )
    known: Tensor = field(
        metadata={
            "axes": (
                SPAN,
                "known",
            )
        }
    )
    static: Tensor = field(metadata={"axes": ("static",)})
    seasons: Tensor = field(metadata={"axes": (4,)})

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], device: torch.device | None = None) -> Inputs:
        """Pick the fields from named arrays, as tensors on a device."""
        import torch

        return cls(**{name: torch.from_numpy(np.ascontiguousarray(arrays[name])).to(device or "cpu") for name in NAMES})

    def tensors(self) -> tuple[Tensor, ...]:
        """The fields in the order of NAMES, as Network.forward takes them."""
        return tuple(getattr(self, name) for name in NAMES)


AXES: dict[str, tuple[str | int, ...]] = {f.name: f.metadata["axes"] for f in fields(Inputs)}
NAMES = tuple(AXES)  # the order of Network.forward, and the names of the graph's inputs
TIMED = tuple(name for name, axes in AXES.items() if axes[0] in (PAST, SPAN))  # that a shorter window is cut from


@dataclass(frozen=True)
class InputSpec:
    """Widths of the inputs beside the target, and the quantiles that the network forecasts."""

    past: int
    known: int  # calendar features and declared ones
    static: int
    quantiles: tuple[float, ...]

    @property
    def widths(self) -> dict[str, int]:
        """The `inputs` of a model's card."""
        return {"past": self.past, "known": self.known, "static": self.static}

    def shapes(self, steps: int | None, ahead: int) -> dict[str, tuple[int | None, ...]]:
        """The shape of each input without its batch axis, for windows of `steps` past steps; None = any number of them."""
        sizes: dict[str, int | None] = {PAST: steps, SPAN: None if steps is None else steps + ahead, **self.widths}
        return {name: tuple(axis if isinstance(axis, int) else sizes[axis] for axis in axes) for name, axes in AXES.items()}

    def example(self, config: ModelConfig, batch: int) -> dict[str, np.ndarray]:
        """A seeded batch with trends, seasons, a missing head and missing values: graphs are traced and checked with it."""
        from tsattn.data.cleaning.seasonality import find_seasons

        rng = np.random.default_rng(0)
        time = np.arange(config.context)
        target = np.stack([10 * (i + 1) + 0.01 * i * time + np.sin(time / (3 + i)) for i in range(batch)])
        target = (target + 0.1 * rng.standard_normal(target.shape)).astype(np.float32)
        target[1:2, : config.context // 3] = np.nan
        target[rng.random(target.shape) < 0.05] = np.nan
        target[:, -1] = 1.0
        made = {"target": target, "seasons": find_seasons(target)}
        for name, shape in self.shapes(config.context, config.pass_steps).items():
            if name not in made:
                made[name] = rng.standard_normal((batch, *shape)).astype(np.float32)  # type: ignore[arg-type]
        return made
