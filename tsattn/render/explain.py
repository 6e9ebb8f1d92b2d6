"""Tables of a forecast's inputs and components."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tsattn.data.names import printable
from tsattn.render import tables
from tsattn.render.format import count, decimals, number, span, stamps

if TYPE_CHECKING:
    from tsattn.forecasting.importance import Effect
    from tsattn.workflows.explain import Explained

BAR = 16  # characters of the longest bar
MOST_ROWS = 12
STEPS = 8


def explained(console: Console, found: Explained) -> None:
    """Print the effects of lags, covariates and blocks of the past, and the components of the median."""
    made = found.forecast
    cutoff = stamps(made.cutoffs[:1], made.freq, made.tz)[0]
    what = f"{found.ref}, {printable(found.item_id)}: inputs of the forecast of {span(made.horizon, made.freq)} after {cutoff}"
    console.print(Text(what, style="bold"))
    _matters(console, found)
    _past(console, found)
    if found.parts is not None:
        _parts(console, found)
    console.print(Text(found.caution, style="dim"))


def _matters(console: Console, found: Explained) -> None:
    """Print lags and covariates with a clear effect, strongest first, and the names of the others."""
    clear = found.clear_effects
    title = f"Lags and covariates: rise of the loss without each ({count(found.windows, 'held-back window')})"
    drawn = tables.table("input", "", ">loss rises by", ">95 % interval", "", title=title)
    most = clear[0][0].rise if clear else 1.0
    for effect, kind in clear[:MOST_ROWS]:
        drawn.add_row(
            Text(effect.name, style="bold"),
            Text(kind, style="dim"),
            percent(effect.rise),
            interval(effect),
            bar(effect.rise / most),
        )
    if clear:
        tables.show(console, drawn)
    else:
        console.print(Text(title, style="bold"))
        console.print("no single lag or covariate has a clear effect", style="yellow")
    if len(clear) > MOST_ROWS:
        console.print(Text(f"… {len(clear) - MOST_ROWS} more; all of them: --json", style="dim"))
    rest = names([e for e in found.lags if not e.clear]) + [printable(e.name) for e in found.covariates if not e.clear]
    if rest:
        console.print(Text(f"no clear effect: {', '.join(rest)}", style="dim"))


def _past(console: Console, found: Explained) -> None:
    """Print blocks of the past with their attention and their effect."""
    made = found.forecast
    drawn = tables.table(
        "steps back",
        "from",
        ">attention",
        "",
        ">loss rises by",
        ">95 % interval",
        "",
        title="Parts of the past (attention is a hint)",
    )
    most = max(1e-9, *(b.effect.rise for b in found.blocks))
    looked = max((b.attention or 0.0 for b in found.blocks), default=0.0)
    for block in found.blocks:
        when = stamps(made.freq.advance(made.cutoffs[:1], np.array([1 - block.last])), made.freq, made.tz)[0]
        share = Text("–") if block.attention is None else Text(f"{block.attention * 100:.0f} %")
        hint = bar(block.attention / looked, "magenta") if block.attention and looked else Text("")
        sure = "bold" if block.effect.clear else "dim"
        drawn.add_row(
            f"{block.first} – {block.last}", when, share, hint,
            Text(percent(block.effect.rise), style=sure), Text(interval(block.effect), style=sure), bar(block.effect.rise / most),
        )  # fmt: skip
    tables.show(console, drawn)


def _parts(console: Console, found: Explained) -> None:
    """Print the first steps of level, season and remainder, whose sum is the median."""
    parts, made = found.parts, found.forecast
    assert parts is not None
    steps = min(len(parts.level), STEPS)
    rest = len(parts.level) - steps
    title = "Parts of the median: level + season + remainder"
    drawn: Table = tables.table("timestamp", ">level", ">season", ">remainder", ">median", title=title)
    places = decimals(np.concatenate([parts.level, made.median[0]]))
    when = stamps(made.timestamps[0, :steps], made.freq, made.tz)
    for h in range(steps):
        signed = [f"{'+' if v > 0 else ''}{number(float(v), places)}" for v in (parts.season[h], parts.remainder[h])]
        total = parts.level[h] + parts.season[h] + parts.remainder[h]
        drawn.add_row(Text(when[h]), number(float(parts.level[h]), places), *signed, number(float(total), places))
    tables.show(console, drawn)
    if rest:
        console.print(Text(f"… {count(rest, 'more step')}; all of them: --json", style="dim"))


def percent(rise: float) -> str:
    """Format 0.123 as `+12.3 %`."""
    if not math.isfinite(rise):
        return "–"
    return f"{rise * 100:+.1f} %" if abs(rise) < 1 else f"{rise * 100:+,.0f} %"


def interval(effect: Effect) -> str:
    """Format an interval as `8.1 … 16.2 %`, or – for too few windows."""
    if not math.isfinite(effect.low):
        return "–"
    places = 1 if abs(effect.high) < 1 else 0
    return f"{effect.low * 100:,.{places}f} … {effect.high * 100:,.{places}f} %"


def bar(share: float, style: str = "cyan") -> Text:
    """Return a bar of at most BAR characters; empty for a negative share."""
    eighths = round(max(0.0, min(1.0, share)) * BAR * 8) if math.isfinite(share) else 0
    return Text("█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8].strip()), style=style)


def names(effects: Sequence[Effect]) -> list[str]:
    """Format lags as ranges, `lags 1–6, 8–13, 15`."""
    lags = [int(effect.name.removeprefix("lag ")) for effect in effects]
    runs: list[list[int]] = []
    for lag in lags:
        if runs and lag == runs[-1][-1] + 1:
            runs[-1].append(lag)
        else:
            runs.append([lag])
    said = ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return [f"lag{'s' if len(lags) > 1 else ''} {said}"] if lags else []
