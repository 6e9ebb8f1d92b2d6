"""The report's section on what a forecast rests on: ensemble weights, effects of covariates, lags and parts of the past."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tsattn.data.names import printable
from tsattn.render.report_parts import bar, table

if TYPE_CHECKING:
    from tsattn.forecasting.importance import Effect
    from tsattn.workflows.explain import Explained
    from tsattn.workflows.report import Reported

LEAST = 0.005  # a smaller weight is not shown
MOST_EFFECTS = 15


def rests_on(found: Reported) -> str:
    """Weights, covariate effects, and the permutation test where it was asked for."""
    parts = []
    weights = sorted(((name, share) for name, share in found.weights.items() if share >= LEAST), key=lambda pair: -pair[1])
    if weights:
        most = weights[0][1]
        rows = [[name, f"{share:.1%}", bar(share / most)] for name, share in weights]
        parts.append("<p>The forecast is an average of the network and simple methods, weighted for each series by their errors ")
        parts.append("at hold-out origins of its own past.</p>\n")
        parts.append(table(("method", "weight", ""), rows, "Mean weight over the series", raw=2))
    else:
        parts.append("<p>The forecast is that of the network alone.</p>\n")
    effects = [effect for effect in found.effects if effect.ahead or not effect.event]
    if effects:
        lines = "".join(f"<li>{html.escape(printable(str(effect)))}</li>" for effect in effects[:MOST_EFFECTS])
        parts.append(f"<h3>Effects of known covariates and calendar events</h3>\n<ul>{lines}</ul>\n")
    if found.explained is not None:
        parts.append(_explained(found.explained))
    else:
        parts.append(
            '<p class="soft">Add <code>--explain</code> to measure the lags and parts of the past that it depends on.</p>\n'
        )
    return "".join(parts)


def _explained(found: Explained) -> str:
    said = f"{printable(found.item_id)}, {found.windows} held-back windows. {found.caution}"
    parts = [f"<h3>Lags, covariates and parts of the past</h3>\n<p>{html.escape(said)}</p>\n"]
    clear = sorted((e for e in (*found.lags, *found.covariates) if e.clear), key=lambda e: -e.rise)[:MOST_EFFECTS]
    if clear:
        parts.append(_effects(clear, [e.name for e in clear], "Clear effects, strongest first"))
    names = [f"{block.first} – {block.last} steps back" for block in found.blocks]
    parts.append(_effects([block.effect for block in found.blocks], names, "Parts of the past"))
    return "".join(parts)


def _effects(effects: Sequence[Effect], names: Sequence[str], caption: str) -> str:
    most = max((e.rise for e in effects), default=0.0) or 1.0
    rows = []
    for name, effect in zip(names, effects, strict=True):
        sure = f"{effect.low:.1%} … {effect.high:.1%}" if math.isfinite(effect.low) else "–"
        rows.append([name, f"{effect.rise:+.1%}", sure, bar(effect.rise / most)])
    return table(("input", "loss rises by", "95 % interval", ""), rows, caption, raw=3)
