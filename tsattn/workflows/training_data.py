"""Times and series that a model was trained on, from its card, and warnings where a forecast or a backtest depends on them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from tsattn.data.as_of import HasClock
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.model.card import Card
from tsattn.render.format import count, stamps

TO, SERIES = "trained_to", "series"  # keys of `Card.source`
MOST_SERIES = 1024  # hashes of series names on a card
FEW = 0.5  # a smaller share of known series gives a warning
REFITTED = "see the scores of the refitted model"  # advice of a warning about later training rows
_DIGITS = 8  # hexadecimal digits of a hash


def extent(panel: Panel, test_start: np.ndarray) -> dict[str, Any]:
    """Return the end and the series of the rows before `test_start` (S,), for `Card.source`.

    trained_to: the newest of these rows, ISO 8601 on the grid clock; None without timestamps. series: the MOST_SERIES smallest
    hashes of series names, from which the known share of any other names can be estimated (bottom-k sketch, Cohen and Kaplan,
    2007). The names themselves are not stored.
    """
    seen = panel.before(test_start)
    dated = panel.dated and panel.freq.has_clock and bool((seen.lengths > 0).any())
    newest = str(seen.ends()[seen.lengths > 0].max().astype("datetime64[us]")) if dated else None
    return {TO: newest, SERIES: sorted(set(map(_hash, panel.item_ids)))[:MOST_SERIES]}


def trained_to(card: Card) -> np.datetime64 | None:
    """Return the time of the newest row that the weights were fitted to, on the grid clock; None if none or unknown."""
    text = card.source.get(TO)
    return np.datetime64(text, "us") if card.has_seen_data and isinstance(text, str) else None


def as_of_warning(card: Card, model: str, moment: np.datetime64, clock: HasClock) -> tuple[str, ...]:
    """Return a warning if the model was trained on rows after `moment`, the `--as-of` on the clock of the data."""
    end = trained_to(card)
    if end is None or not clock.freq.has_clock or moment >= end:
        return ()
    until = stamps(np.array([end]), clock.freq, clock.tz)[0]
    return (
        f"warning: {model} was trained on data up to {until}, so this forecast could not have been made at --as-of; "
        "use --model zero-shot, which has not seen this data",
    )


def window_warning(card: Card, model: str, origins: Origins, panel: Panel, *, refitted: bool = False) -> tuple[str, ...]:
    """Return a warning if the model was trained on rows after the first cutoff of a backtest with windows at `origins` (B,).

    refitted: whether the backtest scores the refitted model too, to which the warning then refers.
    """
    end = trained_to(card)
    if end is None or not panel.freq.has_clock or not len(origins):
        return ()
    first = panel.freq.advance(panel.start[origins.item], origins.row - panel.indptr[:-1][origins.item] - 1).min()
    if first >= end:
        return ()
    until, cutoff = stamps(np.array([end, first]), panel.freq, panel.tz)
    advice = REFITTED if refitted else "use --refit, fewer windows or --model zero-shot"
    return (
        f"warning: {model} was trained on data up to {until}, after the first cutoff of these windows ({cutoff}): "
        f"its scores may be too good; {advice}",
    )


def unknown_series_warning(card: Card, model: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return a warning if the model was trained on few of the series `names`, or on none of them."""
    known = known_share(card, names)
    if known is None or known >= FEW:
        return ()
    much = "none" if known == 0 else f"about {100 * known:.0f} %"
    return (
        f"warning: {model}, the newest model that fits, was trained on {much} of the {count(len(names), 'series', 'series')} "
        "of this data; choose another with --model, such as --model zero-shot, or train on this data: tsattn train DATA",
    )


def known_share(card: Card, names: Sequence[str]) -> float | None:
    """Return the share of the series `names` that the model was trained on, estimated if it knows many; None if unknown."""
    kept = card.source.get(SERIES)
    if not card.has_seen_data or not isinstance(kept, list) or not kept or not names:
        return None
    hashes = [_hash(name) for name in names]
    if len(kept) >= MOST_SERIES:  # larger hashes are not on the card
        hashes = [one for one in hashes if one <= kept[-1]]
    return float(np.isin(hashes, kept).mean()) if hashes else None


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
