"""Inputs of a network, declared once: each field of `Inputs` gives an array's name, shape and ONNX input.

To add an input, add a field here and its array to `WindowBatch` (data/windows.py), and use it in `Network.forward`. This module
does not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tsattn.config import ModelConfig

PAST, SPAN = "L", "L + F"  # time axes: past steps; past and future steps
AHEAD = "ahead"  # name of the future part of `known`, if it is a separate input


@dataclass
class Inputs:
    """B windows of L past and F future steps, float32. F = H, or enough steps for every origin of the window.

    target (B, L), NaN = missing. past_cov (B, L, P). known (B, L + F, K), NaN = unknown. static (B, C). seasons (B, 4): two
    periods in steps and their autocorrelations (data/cleaning/seasonality.py). group (B,), int64: in a network with
    attention across series, windows with the same number read each other.

    The metadata `axes` lists the axes after the batch axis: PAST, SPAN, the name of a width of InputSpec, or a number.
    """

    target: Tensor = field(metadata={"axes": (PAST,)})
    past_cov: Tensor = field(metadata={"axes": (PAST, "past")})
    known: Tensor = field(metadata={"axes": (SPAN, "known")})
    static: Tensor = field(metadata={"axes": ("static",)})
    seasons: Tensor = field(metadata={"axes": (4,)})
    group: Tensor = field(metadata={"axes": ()})

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], device: torch.device | None = None) -> Inputs:
        """Convert the fields among named arrays to tensors on a device."""
        import torch

        return cls(**{name: torch.from_numpy(np.ascontiguousarray(arrays[name])).to(device or "cpu") for name in NAMES})

    def tensors(self) -> tuple[Tensor, ...]:
        """Return the fields in the order of NAMES, the order of `Network.forward`."""
        return tuple(getattr(self, name) for name in NAMES)


AXES: dict[str, tuple[str | int, ...]] = {f.name: f.metadata["axes"] for f in fields(Inputs)}
NAMES = tuple(AXES)  # in the order of Network.forward; also the ONNX input names
TIMED = tuple(name for name, axes in AXES.items() if axes and axes[0] in (PAST, SPAN))  # inputs with a time axis


def parted(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Split `known` (B, L + F, K) of named arrays in two: `known` (B, L, K) and AHEAD (B, F, K)."""
    past, out = arrays["target"].shape[1], dict[str, Any]()
    for name, values in arrays.items():
        if name == "known":
            out[name], out[AHEAD] = values[:, :past], values[:, past:]
        else:
            out[name] = values
    return out


@dataclass(frozen=True)
class InputSpec:
    """Widths of the covariate inputs, and the quantiles that the network forecasts."""

    past: int
    known: int  # calendar features and known covariates
    static: int
    quantiles: tuple[float, ...]

    @property
    def widths(self) -> dict[str, int]:
        """Widths by name, the `inputs` of a model card."""
        return {"past": self.past, "known": self.known, "static": self.static}

    def shapes(self, steps: int | None, ahead: int | None) -> dict[str, tuple[int | None, ...]]:
        """Return the shape of each input without the batch axis.

        steps, ahead: past and future steps; None = any number.
        """
        span = None if steps is None or ahead is None else steps + ahead
        sizes: dict[str, int | None] = {PAST: steps, SPAN: span, **self.widths}
        return {name: tuple(axis if isinstance(axis, int) else sizes[axis] for axis in axes) for name, axes in AXES.items()}

    def example(self, config: ModelConfig, batch: int) -> dict[str, np.ndarray]:
        """Return a seeded batch with trends, seasons and missing values, for tracing and checking graphs.

        The second window has no observation in its first third. Pairs of windows form groups. A recurrent decoder makes
        four passes.
        """
        from tsattn.data.cleaning.seasonality import find_seasons

        rng = np.random.default_rng(0)
        time = np.arange(config.context)
        target = np.stack([10 * (i + 1) + 0.01 * i * time + np.sin(time / (3 + i)) for i in range(batch)])
        target = (target + 0.1 * rng.standard_normal(target.shape)).astype(np.float32)
        target[1:2, : config.context // 3] = np.nan
        target[rng.random(target.shape) < 0.05] = np.nan
        target[:, -1] = 1.0
        made = {"target": target, "seasons": find_seasons(target), "group": np.arange(batch) // 2}
        ahead = config.pass_steps * (4 if config.decoder == "recurrent" else 1)
        for name, shape in self.shapes(config.context, ahead).items():
            if name not in made:
                made[name] = rng.standard_normal((batch, *shape)).astype(np.float32)  # type: ignore[arg-type]
        return made
