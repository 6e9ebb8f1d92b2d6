"""Effects of known covariates and of the calendar in a forecast, as notes."""

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


def effects_of(forecaster: Forecaster, panel: Panel, horizon: int | None = None) -> tuple[CovariateEffect, ...]:
    """Effects of the known covariates and of the calendar in the newest forecast; nothing where they were not estimated.

    horizon: the steps ahead that events are counted on.
    """
    effects = getattr(forecaster, "effects", None)
    return () if effects is None else tuple(effects(panel, horizon))


def effect_notes(effects: Sequence[CovariateEffect]) -> tuple[str, ...]:
    """A line for each covariate with a clear effect and each event within the forecast, and one that names the others."""
    clear = [effect for effect in effects if effect.clear and (effect.ahead or not effect.event)]
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
