"""Effects of known covariates in a forecast, as notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tsattn.data.names import listed
from tsattn.data.panel import Panel
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.predict import wants_covariates

if TYPE_CHECKING:
    from tsattn.forecasting.ensemble.effect_report import CovariateEffect

MOST = 12  # lines


def effects_of(forecaster: Forecaster, panel: Panel) -> tuple[CovariateEffect, ...]:
    """Effects of the known covariates in the newest forecast of `panel`; nothing where they were not estimated."""
    effects = getattr(forecaster, "effects", None)
    return () if effects is None else tuple(effects(panel))


def effect_notes(effects: Sequence[CovariateEffect]) -> tuple[str, ...]:
    """A line for each covariate with a clear effect, and one that names the others."""
    clear = [effect for effect in effects if effect.clear]
    lines = [f"effect of {effect}" for effect in clear[:MOST]]
    if len(clear) > MOST:
        lines.append(f"effects of {len(clear) - MOST} more covariates: see effects in --json")
    named = {effect.name for effect in clear}
    unclear = list(dict.fromkeys(effect.name for effect in effects if not effect.clear and effect.name not in named))
    if unclear:
        lines.append(f"no clear effect, not applied: {listed(unclear)}")
    return tuple(lines)


def unread_known(forecaster: Forecaster, panel: Panel) -> tuple[str, ...]:
    """A note on known covariates that a network alone does not read although its ensemble would."""
    if not panel.schema.known or wants_covariates(forecaster, panel):
        return ()
    return (f"not used: {listed(list(panel.schema.known))} (without members, the network reads the target only)",)
