"""Notes on the effects of known covariates and calendar events in a forecast."""

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
    """Return the effects of known covariates and calendar events in the newest forecast; () if none were estimated.

    horizon: number of forecast steps on which events are counted.
    """
    effects = getattr(forecaster, "effects", None)
    return () if effects is None else tuple(effects(panel, horizon))


def effect_notes(effects: Sequence[CovariateEffect]) -> tuple[str, ...]:
    """Return a line for each clear effect of a covariate or of an event within the horizon, and one that names the others."""
    clear = [effect for effect in effects if effect.clear and (effect.ahead or not effect.event)]
    lines = [f"effect of {effect}" for effect in clear[:MOST]]
    if len(clear) > MOST:
        lines.append(f"effects of {len(clear) - MOST} more covariates or dates: see effects in --json")
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
