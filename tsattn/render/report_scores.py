"""The report's sections on past forecasts: scores by model, step and series, and how often intervals held the truth."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data.names import printable
from tsattn.forecasting.metrics import METRICS, quantile_coverage
from tsattn.render.charts import Chart, Line, Values, svg
from tsattn.render.format import count, span
from tsattn.render.report_parts import legend, table

if TYPE_CHECKING:
    from tsattn.forecasting.scores import Backtest
    from tsattn.workflows.report import Reported

SHOWN = ("MASE", "WQL", "RMSE", "sMAPE", "coverage", "skill_MASE")
HEADS = {"coverage": "80 % coverage", "skill_MASE": "skill (MASE)"}
MOST_SERIES = 200


def backtest(found: Reported, values: Values) -> str:
    """Scores of the model and the baselines, overall, by step and by series."""
    scores = found.scores
    if scores is None:
        return f"<p>There is no backtest: {html.escape(printable(found.unscored))}.</p>\n"
    windows = f"{count(scores.windows, 'window')} of {span(scores.horizon, scores.freq)}"
    said = f"The end of each series was hidden and forecast from earlier rows: {windows}. MASE and WQL: lower is better."
    rows = [[str(row["model"]), *(_score(float(row[name]), name) for name in SHOWN)] for row in scores.table()]
    parts = [f"<p>{said}</p>\n", table(("model", *(HEADS.get(n, n) for n in SHOWN)), rows, "Scores of all windows", own=(0,))]
    if scores.horizon > 1:
        parts.append(_by_step(scores, values))
    if len(scores.item_ids) > 1:
        parts.append(_by_series(scores))
    return "".join(parts)


def _by_step(scores: Backtest, values: Values) -> str:
    mase = METRICS["MASE"](scores.by_step)  # (M, H)
    kinds = ("own", "s1", "s2", "s3", "s4")
    lines = [Line(name, mase[i], kinds[i]) for i, name in enumerate(scores.models[: len(kinds)])]
    labels = [f"step {step}" for step in range(1, scores.horizon + 1)]
    key = legend([(line.name, line.kind, True) for line in lines])
    picture = svg(Chart("MASE by step of the horizon", labels, lines, from_zero=True), values)
    return f'<h3>By step</h3>\n{key}<div class="grid one"><figure><figcaption>MASE by step</figcaption>{picture}</figure></div>\n'


def _by_series(scores: Backtest) -> str:
    mase, covered = METRICS["MASE"](scores.by_item), METRICS["coverage"](scores.by_item)  # (M, S)
    others = np.where(np.isfinite(mase[1:]), mase[1:], np.inf)
    order = np.argsort(-np.where(np.isfinite(mase[0]), mase[0], -np.inf), kind="stable")[:MOST_SERIES]
    rows = []
    for i in order.tolist():
        best = int(others[:, i].argmin()) if len(others) else 0
        usable = len(others) > 0 and np.isfinite(others[best, i])
        rows.append(
            [
                scores.item_ids[i],
                _score(float(mase[0, i]), "MASE"),
                _score(float(others[best, i]), "MASE") if usable else "–",
                scores.models[1 + best] if usable else "–",
                _score(float(covered[0, i]), "coverage"),
            ]
        )
    more = len(scores.item_ids) - len(rows)
    caption = "Series with the highest MASE first" + (f"; {more:,} more are left out" if more > 0 else "")
    heads = ("series", f"MASE of {scores.models[0]}", "MASE of the best baseline", "best baseline", "80 % coverage")
    return f"<h3>By series</h3>\n{table(heads, rows, caption)}"


def calibration(found: Reported, values: Values) -> str:
    """Return the share of observations below each quantile, and within the 80 % interval at each step."""
    scores = found.scores
    if scores is None:
        return "<p>Without a backtest there is nothing to calibrate by.</p>\n"
    levels = np.array(scores.quantiles)
    seen = quantile_coverage(scores.overall)[0]  # (Q,)
    inside = METRICS["coverage"](scores.by_step)[0]  # (H,)
    total = float(METRICS["coverage"](scores.overall)[0])
    said = (
        f"<p>The 80 % interval held <strong>{total:.0%}</strong> of the observations. In a calibrated forecast, "
        "a tenth of the observations lies below the 0.1 quantile, half below the median. An observation that equals a "
        "quantile, which is common for counts, counts as partly below it, usually as half. "
        f"{'Few windows were scored, so these shares are rough. ' if scores.windows < 30 else ''}</p>\n"
    )
    labels = [f"{level:g}" for level in levels]
    reliability = Chart(
        "Share of observations under each quantile",
        labels,
        [Line("calibrated", 100 * levels, "ideal"), Line("observed share (%)", 100 * seen, "own")],
        from_zero=True,
    )
    steps = [f"step {step}" for step in range(1, scores.horizon + 1)]
    by_step = Chart(
        "Coverage of the 80 % interval by step",
        steps,
        [Line("calibrated", np.full(scores.horizon, 80.0), "ideal"), Line("coverage (%)", 100 * inside, "own")],
        from_zero=True,
    )
    figures = f"<figure><figcaption>Observations under each quantile, %</figcaption>{svg(reliability, values)}</figure>\n"
    figures += f"<figure><figcaption>Within the 80 % interval by step, %</figcaption>{svg(by_step, values)}</figure>\n"
    rows = [[label, f"{level:.0%}", f"{share:.1%}"] for label, level, share in zip(labels, levels, seen, strict=True)]
    key = legend([("this model", "own", True), ("calibrated", "ideal", True)])
    return (
        said
        + key
        + f'<div class="grid">\n{figures}</div>\n'
        + table(("quantile", "expected", "observed"), rows, "Share of observations under each quantile")
    )


def _score(value: float, name: str) -> str:
    if not np.isfinite(value):
        return "–"
    if name == "coverage":
        return f"{value:.0%}"
    if name.startswith("skill"):
        return f"{value:+.1%}"
    return f"{value:,.4g}" if name == "RMSE" else f"{value:.3f}"
