"""Anomalies as a table, as plots and in the terminal."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.text import Text

from tsattn.atomic import write_atomic
from tsattn.data.names import printable
from tsattn.data.sinks import checked_suffix
from tsattn.render.format import count, decimals, number, stamps
from tsattn.render.short_names import ShortNames
from tsattn.render.tables import name_note, show, table, written
from tsattn.render.terminal import draw_anomalies

if TYPE_CHECKING:
    from tsattn.workflows.detect import Detected

MOST_RUNS = 20
MOST_FLAT = 5  # maximum number of flat runs that are described
MOST_NAME = 12  # characters of a series' name, so that the table fits 80 columns


def detected(console: Console, found: Detected, *, drawn: bool = False) -> None:
    """Print the strongest row of each run of anomalies, at most MOST_RUNS by score, in order of series and time."""
    console.print(Text(heading(found), style="bold"))
    if found.runs:
        _table(console, found)
    if drawn:
        draw_anomalies(console, found)
    written(console, found.written, found.failures)


def heading(found: Detected) -> str:
    """Return `81 anomalies in 34 runs among 2,112 rows of 1 series (21 expected by chance at 99 %)`."""
    rows = f"{count(len(found.scores), 'row')} of {count(len(np.unique(found.scores.item)), 'series', 'series')}"
    chance = f"{found.by_chance:.2g}" if found.by_chance < 10 else f"{found.by_chance:,.0f}"
    what = f"{count(found.found, 'anomaly', 'anomalies')} in {count(len(found.runs), 'run')}" if found.runs else "no anomaly"
    return f"{what} among {rows} ({chance} expected by chance at {100 * found.level:.10g} %)"


def strongest(found: Detected, most: int = MOST_RUNS) -> list[tuple[int, int]]:
    """Return (index of the strongest row, number of rows) of the runs with the highest scores, in order of series and time."""
    peaks = [(int(run[found.score[run].argmax()]), len(run)) for run in found.runs]
    kept = sorted(peaks, key=lambda peak: -found.score[peak[0]])[:most]
    return sorted(kept)


def cells_of(found: Detected, at: int) -> tuple[str, str, str, str, str, str]:
    """Format series, timestamp, value, expected value, interval and score of a row."""
    panel, scores = found.panel, found.scores
    history = panel.history(int(scores.item[at]))
    places = min(decimals(history), 4)
    value, expected, low, high = (
        number(float(v), places) for v in (scores.value[at], scores.expected[at], found.low[at], found.high[at])
    )
    when = stamps(panel.local(found.timestamps[[at]]), panel.freq)[0]
    score = f"{found.score[at]:.2f}" if found.score[at] < 99 else ">99"
    return panel.item_ids[scores.item[at]], when, value, expected, f"{low} … {high}", score


def _table(console: Console, found: Detected) -> None:
    several, short = len(found.panel) > 1, ShortNames.of(found.panel.item_ids, MOST_NAME)
    columns = ["timestamp", ">value", ">expected", f">{100 * found.level:.10g} % interval", ">score", ">rows"]
    drawn = table(*(["series", *columns] if several else columns))
    for at, length in strongest(found):
        name, when, value, expected, interval, score = cells_of(found, at)
        own = [Text(short(name))] if several else []
        drawn.add_row(*own, Text(when), value, expected, interval, Text(score, style="bold"), f"{length}")
    show(console, drawn)
    name_note(console, short)
    more = len(found.runs) - MOST_RUNS
    if more > 0:
        console.print(Text(f"… {count(more, 'weaker run')}; write all rows with -o scores.csv", style="dim"))
    if any(length > 1 for _, length in strongest(found)):
        console.print(Text("rows: length of the run; its strongest row is shown", style="dim"))
    for line in flat_lines(found, short):
        console.print(Text(printable(line)))


def flat_lines(found: Detected, named: Callable[[str], str] = printable, most: int = MOST_FLAT) -> list[str]:
    """Describe the longest runs of equal values that are anomalies, at most `most`, in order of series and time.

    named: returns the name of a series as it is shown.
    """
    ends = [run[np.flatnonzero(found.flat[run])[-1]] for run in found.runs if found.flat[run].any()]
    kept = sorted(sorted(ends, key=lambda at: -found.flat[at])[:most])
    lines = []
    for at in map(int, kept):
        name, until, value, *_ = cells_of(found, at)
        where = f"{named(name)}, " if len(found.panel) > 1 else ""
        longest = count(int(found.scores.flat.longest[at]), "row")
        lines.append(f"{where}{until}: flat at {value} for {found.flat[at]:,} rows; the longest flat run before was {longest}")
    return [*lines, *([f"… and {count(len(ends) - most, 'more flat run')}"] if len(ends) > most else [])]


def save_plot(found: Detected, path: str | Path) -> Path:
    """Write the plot to .png, .svg or .html. Raises ConfigError for another suffix."""
    path = checked_suffix(path, tuple(PLOTS))
    with write_atomic(path) as beside:
        PLOTS[path.suffix.lower()](found, beside)
    return path


def _png(found: Detected, path: Path) -> None:
    from tsattn.render.anomalies_plot import draw

    draw(found).savefig(path, format="png", dpi=130)


def _svg(found: Detected, path: Path) -> None:
    from tsattn.render.anomalies_plot import svg_text

    path.write_text(svg_text(found), "utf-8")


def _html(found: Detected, path: Path) -> None:
    from tsattn.render.anomalies_plot import svg_text
    from tsattn.render.html import MOST_ROWS, document

    svg = svg_text(found)
    title = html.escape(heading(found))
    heads = ("series", "timestamp", "value", "expected", f"{100 * found.level:.10g} % interval", "score")
    head = "".join(f"<th scope=col{' class=text' if i < 2 else ''}>{name}</th>" for i, name in enumerate(heads))
    rows = []
    for at in np.flatnonzero(found.anomalous)[:MOST_ROWS].tolist():
        cells = [html.escape(printable(cell)) for cell in cells_of(found, at)]
        rows.append("<tr>" + "".join(f"<td{' class=text' if i < 2 else ''}>{c}</td>" for i, c in enumerate(cells)) + "</tr>")
    flat = "".join(f"<p>{html.escape(printable(line))}</p>\n" for line in flat_lines(found))
    body = f"<h1>{title}</h1>\n{svg[svg.index('<svg') :]}\n<h2>Anomalies</h2>\n{flat}<div class=figures><table>\n"
    body += f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table></div>\n"
    path.write_text(document(title, body), "utf-8")


PLOTS: dict[str, Callable[[Any, Path], None]] = {".png": _png, ".svg": _svg, ".html": _html}
