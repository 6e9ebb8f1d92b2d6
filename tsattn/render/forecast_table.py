"""Table of a forecast: a sparkline, the next steps of each series, and their quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from tsattn.data.cleaning.prepare import shown_history
from tsattn.data.panel import Panel
from tsattn.forecasting.frame import Forecast, quantile_name
from tsattn.render.format import count, interval_levels, interval_name, number, places_of, span, stamps
from tsattn.render.short_names import ShortNames
from tsattn.render.sparkline import sparkline
from tsattn.render.tables import MOST_ITEMS, NARROW, name_note, show, table

SPARK = "history | forecast"  # heading of the sparklines
LEAST_NAME = 12  # minimum length of a series name, in characters
LEAST_SPARK, MOST_SPARK = 18, 32  # width of a sparkline, in characters


@dataclass(frozen=True)
class _Columns:
    """Columns of quantiles: one for each tuple of `levels`, an interval if it has two, with its heading."""

    levels: tuple[tuple[float, ...], ...]
    heads: tuple[str, ...]

    def cells(self, made: Forecast, b: int, steps: int, places: int) -> list[list[str]]:
        """Format the figures of the first steps of a series, a list for each step."""
        values = {level: made.quantile(level)[b] for one in self.levels for level in one}
        return [
            [" … ".join(number(float(values[level][h]), places) for level in one) for one in self.levels] for h in range(steps)
        ]


def forecast(
    console: Console,
    made: Forecast,
    panel: Panel,
    model: str,
    level: Mapping[str, str] | None = None,
    *,
    saved: bool = False,
    every_quantile: bool = False,
) -> None:
    """Print a sparkline and the next steps of each series, with their interval.

    level: of each series in a hierarchy of sums. saved: a file holds all steps. every_quantile: show all quantiles, in place of
    the sparkline if there is no room for both, and if they do not fit at all, the interval and a line that counts the others.
    """
    shown = min(len(made), MOST_ITEMS)
    steps = min(made.horizon, 8 if shown == 1 else 3 if shown <= 5 else 1)
    index = {item: i for i, item in enumerate(panel.item_ids)}
    names = [[item, *([level[item]] if level else [])] for item in made.item_ids[:shown]]
    when = [stamps(made.timestamps[b, :steps], made.freq, made.tz) for b in range(shown)]
    places = [places_of(made.values[b], panel.history(index[made.item_ids[b]])) for b in range(shown)]
    for columns, drawn_line in _layouts(made, every_quantile):
        rows = [
            (b, names[b] if h == 0 else [""] * len(names[b]), [when[b][h], *cells])
            for b in range(shown)
            for h, cells in enumerate(columns.cells(made, b, steps, places[b]))
        ]
        heads = ["series", *(["level"] if level else []), *([SPARK] if drawn_line else []), "timestamp"]
        heads += [f">{head}" for head in columns.heads]
        short, spark = _fitted(console, heads, [[*own, *figures] for _, own, figures in rows], made.item_ids)
        if spark >= 0:
            break
    drawn = table(*heads, title=f"{model}: {count(len(made), 'series', 'series')}, the next {span(made.horizon, made.freq)}")
    for i, (b, own, figures) in enumerate(rows):
        if i and own[0] and steps > 1:
            drawn.add_row(*[""] * len(heads))
        line: Text | str = ""
        if own[0] and drawn_line:
            history = shown_history(panel, index[own[0]], record=made.cleaning.at(b))
            before, after = sparkline(history, made.middle[1][b], max(spark, LEAST_SPARK))
            line = Text(before, style="dim").append("|").append(after, style="cyan")
        drawn.add_row(
            Text(short(own[0]) if own[0] else ""), *map(Text, own[1:]), *([line] if drawn_line else []), *map(Text, figures)
        )
    show(console, drawn)
    name_note(console, short)
    hidden = len(made.quantiles) - len({q for one in columns.levels for q in one}) if every_quantile else 0
    _omitted(console, made, shown, steps, hidden, saved=saved)


def _layouts(made: Forecast, every_quantile: bool) -> list[tuple[_Columns, bool]]:
    """Return the columns to try, the best first, and True for those beside a sparkline; the last are taken if none fit."""
    name, _ = made.middle
    middle = min(made.quantiles, key=lambda q: abs(q - 0.5))
    interval = interval_levels(made.quantiles)
    brief = _Columns(((middle,), interval), (name, interval_name(interval))) if interval else _Columns(((middle,),), (name,))
    if not every_quantile or made.quantiles in ((middle,), interval and (interval[0], 0.5, interval[1])):
        return [(brief, True)]
    heads = tuple("median" if q == 0.5 else quantile_name(q) for q in made.quantiles)
    full = _Columns(tuple((q,) for q in made.quantiles), heads)
    return [(full, True), (full, False), (brief, True)]


def _omitted(console: Console, made: Forecast, shown: int, steps: int, hidden: int, *, saved: bool) -> None:
    """Print what the table left out: steps, series, and `hidden` quantiles."""
    more = [f"{count(made.horizon - steps, 'more step')}{' of each' if shown > 1 else ''}"] if made.horizon > steps else []
    more += [f"{len(made) - shown:,} more series"] if len(made) > shown else []
    more += [f"{count(hidden, 'more quantile')}"] if hidden else []
    if more:
        where = "" if saved else "; write all of them with -o forecast.csv"
        listed = ", ".join(more[:-1]) + " and " + more[-1] if len(more) > 1 else more[0]
        console.print(Text(f"… {listed}{where}", style="dim"))


def _fitted(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]], names: Sequence[str]
) -> tuple[ShortNames, int]:
    """Return the rule that shortens the names of series to the room for them, and the width of sparklines; see `_room`.

    names: of all series, also of those that the table omits.
    """
    longest, spark = _room(console, columns, rows)
    short = ShortNames.of(names, longest) if any(len(name) > longest for name, *_ in rows) else ShortNames(longest)
    if short.note:  # names that lost a part leave more room
        _, spark = _room(console, columns, [[short(name) if name else "", *rest] for name, *rest in rows])
    return short, spark


def _room(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the maximum length of series names and the width of sparklines that fit the table to the console.

    The width is at least LEAST_SPARK if names can be shortened enough, and negative if they cannot.
    """
    heads = [name.lstrip(">") for name in columns if name != SPARK]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    room = (max(NARROW, console.width) if console.is_terminal else NARROW) - sum(widths) - 2 * (len(columns) - 1) - 1
    least = LEAST_SPARK if SPARK in columns else 0
    longest = max(widths[0] + min(room - least, 0), min(widths[0], LEAST_NAME))
    fits = room + widths[0] - longest >= least
    return longest, min(MOST_SPARK, max(least, room)) if fits else -1
