"""The report's page: sections of text, tables and charts. Names from the data are escaped wherever they are shown."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tsattn.atomic import write_atomic
from tsattn.data.names import printable
from tsattn.render.charts import Chart, Line, Values, svg
from tsattn.render.format import count, interval_name, number, places_of, span, stamps
from tsattn.render.html import document
from tsattn.render.plots import View, title, views
from tsattn.render.report_evidence import rests_on
from tsattn.render.report_parts import legend, table
from tsattn.render.report_scores import backtest, calibration

if TYPE_CHECKING:
    from tsattn.workflows.report import Reported

MOST_CHARTS = 100
MOST_HISTORY = 240  # steps of history in a chart
FEW = 6  # charts above which a page gets a search field
HEAD = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    'script-src \'unsafe-inline\'; img-src data:">\n<link rel="icon" href="data:,">\n'
)


def save_report(found: Reported, path: Path) -> Path:
    """Write the page; the earlier file at the path stays whole until the page is complete."""
    with write_atomic(path) as beside:
        beside.write_text(page(found), "utf-8")
    return path


def page(found: Reported) -> str:
    """The page as text: no request leaves it."""
    values = Values()
    sections = (
        ("forecast", "Forecast", _forecasts(found, values)),
        ("backtest", "Backtest", backtest(found, values)),
        ("calibration", "Calibration", calibration(found, values)),
        ("basis", "What the forecast rests on", rests_on(found)),
        ("data", "Data and repairs", _data(found)),
        ("repeat", "How to repeat it", _repeat(found)),
    )
    heading = html.escape(printable(found.title) or title(found.forecast, found.panel).partition("\n")[0])
    links = "".join(f'<a href="#{ident}">{name}</a>' for ident, name, _ in sections)
    body = "".join(f'<section id="{ident}">\n<h2>{name}</h2>\n{text}</section>\n' for ident, name, text in sections)
    # "</script>" in a name must not end the block
    embedded = json.dumps({"labels": values.labels, "charts": values.charts}, separators=(",", ":")).replace("<", "\\u003c")
    return document(
        heading,
        f'<main>\n<h1>{heading}</h1>\n<p class="soft">Made by tsattn {html.escape(found.versions["tsattn"])} on '
        f'{html.escape(found.created)}.</p>\n<nav aria-label="Sections">{links}</nav>\n{_facts(found)}{body}</main>\n'
        f'<div id="tip" role="status" hidden></div>\n<script type="application/json" id="chart-values">{embedded}</script>\n'
        f"<script>\n{_asset('report.js')}</script>\n",
        f"\n{_asset('report.css')}",
        HEAD,
    )


def _asset(name: str) -> str:
    """The text of a file beside this module."""
    return (files("tsattn.render") / name).read_text("utf-8")


def _facts(found: Reported) -> str:
    read, made = found.report, found.forecast
    pairs = [("Series", f"{len(found.panel):,}"), ("Rows", f"{read.rows:,}"), ("Step", span(1, made.freq))]
    pairs += [("From", read.first), ("To", read.last)] if read.first else []
    pairs += [("Horizon", span(made.horizon, made.freq)), ("Model", str(found.ref))]
    cells = "".join(f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(printable(value))}</dd></div>" for name, value in pairs)
    verdict = f"<p><strong>{html.escape(printable(found.verdict))}.</strong></p>\n" if found.verdict else ""
    return f'<dl class="facts">{cells}</dl>\n{verdict}'


def _forecasts(found: Reported, values: Values) -> str:
    made, panel = found.forecast, found.panel
    shown = min(max(3 * made.horizon, 2 * panel.freq.season_length, 40), MOST_HISTORY)
    drawn = views(made, panel, MOST_CHARTS, shown)
    names = [("observed", "observed", True), (f"forecast ({drawn[0].name})", "forecast", True)]
    names += [
        (interval_name(levels), kind, False) for (levels, _, _), kind in zip(drawn[0].bands, ("band", "inner"), strict=False)
    ]
    parts = [legend(names)]
    if len(drawn) > FEW:
        parts.append('<input type="search" id="search" placeholder="Find a series" aria-label="Find a series">\n')
    parts.append(f'<div class="grid{" one" if len(drawn) == 1 else ""}">\n')
    parts += [_figure(view, found, values) for view in drawn]
    parts.append("</div>\n")
    if len(made) > len(drawn):
        parts.append(f"<p class=soft>{len(made) - len(drawn):,} more series are not drawn; choose with --series NAME,….</p>\n")
    if found.failures:
        rows = [(f.item_id, f.reason) for f in found.failures[:MOST_CHARTS]]
        parts.append(f"<h3>Without a forecast</h3>\n{table(('series', 'reason'), rows, 'Series without a forecast')}")
    return "".join(parts)


def _figure(view: View, found: Reported, values: Values) -> str:
    freq, past, ahead = found.forecast.freq, len(view.past), len(view.middle)
    labels = stamps(np.concatenate([view.past_stamps, view.stamps]), freq)

    def whole(before: np.ndarray | float, after: np.ndarray | float) -> np.ndarray:
        return np.concatenate([np.broadcast_to(before, past), np.broadcast_to(after, ahead)]).astype(np.float64)

    nothing = float("nan")
    name = (
        view.item_id if len(found.panel) > 1 or len(found.panel.schema.target) != 1 else printable(found.panel.schema.target[0])
    )
    bands = [
        (interval_name(levels), whole(nothing, low), whole(nothing, high), kind)
        for (levels, low, high), kind in zip(view.bands, ("band", "inner"), strict=False)
    ]
    lines = [Line("observed", whole(view.past, nothing), "observed"), Line(view.name, whole(nothing, view.middle), "forecast")]
    picture = svg(Chart(f"{name}: observed values and forecast", labels, lines, bands, past - 1 if past else None), values)
    return (
        f'<figure data-series="{html.escape(name, quote=True)}"><figcaption>{html.escape(name)}</figcaption>{picture}'
        f"<details><summary>Forecast values</summary>{_values(view, labels[past:], name)}</details></figure>\n"
    )


def _values(view: View, labels: Sequence[str], name: str) -> str:
    columns = [view.middle] + [edge for _, low, high in view.bands[:1] for edge in (low, high)]
    places = places_of(np.concatenate(columns), view.past)
    heads = ["time", view.name] + [
        f"{interval_name(levels)}, {end}" for levels, _, _ in view.bands[:1] for end in ("low", "high")
    ]
    rows = [[label, *(number(float(column[h]), places) for column in columns)] for h, label in enumerate(labels)]
    return table(heads, rows, f"Forecast of {name}")


def _data(found: Reported) -> str:
    read, panel = found.report, found.panel
    parts = [
        _paragraph(
            f"{read.source}: {count(read.items, 'series', 'series')}, {count(read.rows, 'row')}, {read.missing:,} missing."
        )
    ]
    if read.found:
        rows = [(one.what, one.value, one.flag) for one in read.found]
        parts.append(table(("inferred", "value", "override with"), rows, "What was inferred from the file", text=3))
    parts.append("<h3>Repairs</h3>\n")
    if read.repaired:
        rows = [(one.what, one.where, one.amount) for one in read.repaired]
        parts.append(table(("repair", "first", "count"), rows, "Repairs while reading", text=2))
    else:
        parts.append(_paragraph("Nothing had to be repaired."))
    parts += [_paragraph(f"Warning: {text}", "warn") for text in read.warnings]
    if found.notes:
        lines = "".join(f"<li>{html.escape(printable(text))}</li>" for text in found.notes)
        parts.append(f"<h3>Notes on the forecast</h3>\n<ul>{lines}</ul>\n")
    gaps = [(name, int(np.isnan(panel.history(i)).sum()), len(panel.history(i))) for i, name in enumerate(panel.item_ids)]
    gaps = sorted((gap for gap in gaps if gap[1]), key=lambda gap: -gap[1] / gap[2])[:20]
    if gaps:
        shares = [(name, f"{length:,}", f"{missing:,}", f"{missing / length:.1%}") for name, missing, length in gaps]
        parts.append("<h3>Missing values</h3>\n")
        parts.append(table(("series", "rows", "missing", "share"), shares, "Series with the most missing values, at most 20"))
    return "".join(parts)


def _repeat(found: Reported) -> str:
    rows = [("model", f"{found.ref} in {found.ref.path}"), *found.versions.items()]
    rows.append(("data (SHA-256 of the values and their grid)", found.fingerprint))
    return f"<pre><code>{html.escape(printable(found.repeat))}</code></pre>\n" + table(
        ("part", "version"), rows, "Model, versions and data", text=2
    )


def _paragraph(text: str, kind: str = "") -> str:
    said = html.escape(printable(text))
    return f'<p class="{kind}">{said}</p>\n' if kind else f"<p>{said}</p>\n"
