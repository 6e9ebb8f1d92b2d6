"""Losses of an ensemble's members at hold-out origins, over the whole horizon and over each part of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tsattn.forecasting.ensemble.calibration import mean_known, relative, step_losses


@dataclass(frozen=True, eq=False)
class HoldoutLosses:
    """Losses of M members at K origins, over the whole horizon and its P parts.

    whole (K, M, B) and parts (P, K, M, B): mean pinball losses. share (K, B) and shares (P, K, B): scored share of the steps.
    floor (B,): losses below it are rounding.
    """

    whole: np.ndarray
    parts: np.ndarray
    share: np.ndarray
    shares: np.ndarray
    floor: np.ndarray

    @classmethod
    def of(
        cls, truth: np.ndarray, values: np.ndarray, levels: np.ndarray, scored: np.ndarray, floor: np.ndarray, edges: list[int]
    ) -> HoldoutLosses:
        """Measure forecasts (K, M, B, H, Q) against the truth (K, B, H), NaN = unknown.

        scored (K, B): True for the origins that count. edges: bounds of the parts.
        """
        seen = np.where(scored[..., None], ~np.isnan(truth), False)
        truth, bounds = truth[:, None], list(pairwise(edges))
        loss = step_losses(truth, values, levels)
        parts = np.stack([mean_known(loss[..., a:b], truth[..., a:b]) for a, b in bounds])
        shares = np.stack([seen[..., a:b].mean(2) for a, b in bounds])
        return cls(mean_known(loss, truth), parts, seen.mean(2), shares, floor)

    def ratios(self, origins: np.ndarray, near: float) -> tuple[np.ndarray, np.ndarray]:
        """Return log(loss / best loss) (M, B, P), and the evidence (B,) in origins, from some of the origins, (K,) bool.

        near: share of a part's own ratio, the rest being that of the whole horizon; 0 where a member has no loss in the part.
        """
        whole, evidence = relative(self.whole[origins], self.share[origins], self.floor)
        if len(self.parts) == 1:
            return whole[..., None], evidence
        found = []
        for loss, share in zip(self.parts, self.shares, strict=True):
            own, seen = relative(loss[origins], share[origins], self.floor)
            known = (seen > 0) & ~np.isnan(own)
            found.append(np.where(known, near * np.nan_to_num(own) + (1 - near) * whole, whole))
        return np.stack(found, -1), evidence
