"""Self-contained HTML pages. The page of a forecast has an inline SVG and a table of values."""

from __future__ import annotations

import html

from tsattn.data.names import printable
from tsattn.data.panel import Panel
from tsattn.forecasting.frame import Forecast, quantile_name
from tsattn.render.format import number, places_of, stamps
from tsattn.render.plots import svg_text, title

MOST_ROWS = 2000
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #2b2f36; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } svg { width: 100%; height: auto; }
.figures { max-height: 32rem; overflow: auto; border: 1px solid #d9dde3; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #eceff3; white-space: nowrap; }
th { position: sticky; top: 0; background: #f5f7f9; } td.text, th.text { text-align: left; }
.median { font-weight: 600; }
"""


def page(forecast: Forecast, panel: Panel, heading: str = "") -> str:
    """Return the page, with at most MOST_ROWS rows of values and a note on the others."""
    heading = html.escape(heading or title(forecast, panel))
    svg = svg_text(forecast, panel, heading=" ")
    svg = svg[svg.index("<svg") :]
    rows = _rows(forecast, panel)
    more = len(forecast) * forecast.horizon - len(rows)
    note = f"<p>{more:,} more rows are not shown; write all rows with -o forecast.csv.</p>" if more > 0 else ""
    heads = "".join(f"<th{' class=median' if level == 0.5 else ''}>{quantile_name(level)}</th>" for level in forecast.quantiles)
    return document(
        heading,
        f"<h1>{heading}</h1>\n{svg}\n<h2>Quantiles</h2>\n<div class=figures><table>\n"
        f"<thead><tr><th class=text>series</th><th class=text>timestamp</th>{heads}</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + f"\n</tbody>\n</table></div>\n{note}",
    )


def document(title: str, body: str, style: str = _STYLE, head: str = "") -> str:
    """Return a self-contained HTML document. The caller escapes `title` and `body`. head: more lines of its head."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n{head}<style>{style}</style>\n</head>\n<body>\n'
        f"{body}</body>\n</html>\n"
    )


def _rows(forecast: Forecast, panel: Panel) -> list[str]:
    rows: list[str] = []
    index = {item: i for i, item in enumerate(panel.item_ids)}
    for b, item in enumerate(forecast.item_ids):
        if len(rows) >= MOST_ROWS:
            break
        places = places_of(forecast.values[b], panel.history(index[item]))
        for when, values in zip(
            stamps(forecast.timestamps[b], forecast.freq, forecast.tz), forecast.values[b].tolist(), strict=True
        ):
            cells = "".join(
                f"<td{' class=median' if level == 0.5 else ''}>{number(value, places)}</td>"
                for level, value in zip(forecast.quantiles, values, strict=True)
            )
            rows.append(f"<tr><td class=text>{html.escape(printable(item))}</td><td class=text>{when}</td>{cells}</tr>")
    return rows[:MOST_ROWS]
