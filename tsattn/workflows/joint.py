"""Notes on series that inform each other, and forecasters with and without these effects."""

from __future__ import annotations

from collections.abc import Sequence

from tsattn.data.groups import MOST as LARGEST_GROUP
from tsattn.data.panel import Panel
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.joint.joint_regression import JointEffect, JointRegression, Remembered, with_joint
from tsattn.forecasting.scores import SKILLS, Backtest
from tsattn.workflows.verdict import CLEAR

MOST = 12  # lines
NO_LEAD = "earlier values of one do not help to forecast another"


def joint_effects(forecaster: Forecaster) -> tuple[JointEffect, ...] | None:
    """Return the effects of leading series at the end of the panel, or None for a forecaster that reads each series alone."""
    return forecaster.effects_between() if isinstance(forecaster, JointRegression) else None


def joint_notes(effects: Sequence[JointEffect]) -> tuple[str, ...]:
    """Return a line for each series that others lead, those with the largest gain first."""
    if not effects:
        return (f"joint: no series leads another ({NO_LEAD}); forecasts are the same as without --joint",)
    best = sorted(effects, key=lambda effect: -effect.gain)
    more = (f"joint: {len(best) - MOST} more series follow others: see joint in --json",) if len(best) > MOST else ()
    return (*(f"joint: {effect}" for effect in best[:MOST]), *more)


def training_notes(panel: Panel, asked: int, across: int) -> tuple[str, ...]:
    """Describe the groups of series that a network reads together; () if `asked` is 0. asked, across: as in ModelConfig."""
    if not asked:
        return ()
    if not across:
        return ("joint: the data has only one series; the network has no attention across series",)
    if len(panel) <= LARGEST_GROUP:
        return (f"joint: the network reads {len(panel)} series together",)
    groups = f"groups of up to {LARGEST_GROUP} consecutive series"
    return (f"joint: the network reads the {len(panel):,} series in {groups}; groups do not read each other",)


def saved_notes(asked: int, saved: int, leads: bool) -> tuple[str, ...]:
    """Return a note on how a jointly trained model without attention across series uses other series.

    asked, saved: `across` of ModelConfig. leads: True if the saved model uses leading series.
    """
    if not asked or saved:
        return ()
    if leads:
        return ("joint: the saved model uses leading series by regression; forecasts need no --joint",)
    return ("joint: the saved model reads each series alone; forecasts use other series only with --joint",)


def with_and_without(forecasters: Sequence[Forecaster], panel: Panel, horizon: int) -> list[Forecaster]:
    """Return each forecaster without and with the effects between series."""
    out: list[Forecaster] = []
    for forecaster in forecasters:
        alone = Remembered(forecaster)
        out += [alone, with_joint(alone, panel, horizon)]
    return out


def joint_verdicts(scores: Backtest, models: Sequence[str] | None = None, hint: str = "") -> tuple[str, ...]:
    """Return a line for each of the models, by default all, that compares its scores with and without the effects between series.

    Equal scores mean that no effect was found at any cutoff; the line says so.
    hint: what to type if both scores are clearly better with them.
    """
    lines = []
    for name in scores.models if models is None else models:
        joint = f"{name}, joint"
        if joint in scores.models:
            if all(scores.score(joint, metric) == scores.score(name, metric) for metric in SKILLS):
                lines.append(f"{joint}: the same scores as without, because no series leads another at any cutoff: {NO_LEAD}")
                continue
            changes = [scores.score(joint, metric) / scores.score(name, metric) - 1 for metric in SKILLS]
            parts = [
                f"{metric} {100 * abs(change):.1f} % {'lower' if change <= 0 else 'higher'}"
                for metric, change in zip(SKILLS, changes, strict=True)
            ]
            lines.append(f"{joint}: {', '.join(parts)} than without{f'; {hint}' if hint and max(changes) < -CLEAR else ''}")
    return tuple(lines)
