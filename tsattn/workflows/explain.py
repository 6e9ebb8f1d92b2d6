"""Explain a forecast: permutation effects on held-back windows, attention, and the parts of the median."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.cleaning.prepare import prepared
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.data.freq import calendar_names
from tsattn.data.names import printable, quoted
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, WindowBatch, gather, last_origins
from tsattn.errors import ConfigError, DataError
from tsattn.events import Listener
from tsattn.forecasting.frame import Forecast, Forecaster
from tsattn.forecasting.importance import Effect, Importance, Part
from tsattn.forecasting.predict import check_known, predict, wants_covariates
from tsattn.model.card import Card
from tsattn.render.format import count
from tsattn.workflows.find_model import choose
from tsattn.workflows.forecast import unknown_series
from tsattn.workflows.held_out_windows import groups, held_back, sampled
from tsattn.workflows.loaded_model import horizon_for
from tsattn.workflows.results import plain
from tsattn.workflows.scoring_progress import Measuring
from tsattn.workspace import ModelRef, Workspace

SHOWN = 5  # effects in a repr
WINDOWS = 64  # held-back windows to measure on
FEWEST_LAGS, MOST_LAGS = 14, 56  # lags measured one by one: three seasons, within these limits
CAUTION = (
    "Attention shows which steps the network weighted, not why: it is a hint. Permutation is the test: the rise of the loss on "
    "held-back windows when a part of the input is replaced by another window's."
)


@dataclass(frozen=True)
class PastSpan:
    """Steps `first` to `last` back from the forecast's start: their attention (None without any) and their effect."""

    first: int
    last: int
    attention: float | None
    effect: Effect


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of the median, (H,) each; their sum is the network's median."""

    level: np.ndarray
    season: np.ndarray
    remainder: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Explained:
    """Effects measured on `windows` held-back windows, and the forecast of one item shown with them.

    attention (L,): each past step's share, newest last; None without attention. parts: None where the network has none.
    """

    ref: ModelRef
    panel: Panel
    forecast: Forecast
    lags: tuple[Effect, ...]
    covariates: tuple[Effect, ...]
    blocks: tuple[PastSpan, ...]
    attention: np.ndarray | None
    parts: Parts | None
    windows: int
    notes: tuple[str, ...] = ()
    written: Path | None = None

    caution = CAUTION

    def __repr__(self) -> str:
        from tsattn.render.explain import percent

        said = [f"{effect.name} {percent(effect.rise)}" for effect, _ in self.clear_effects]
        shown = ", ".join([*said[:SHOWN], *(["…"] if len(said) > SHOWN else [])]) or "no clear effect"
        return f"<Explained {self.ref}, {printable(self.item_id)}: {shown}; {count(self.windows, 'held-back window')}>"

    def _repr_html_(self) -> str:
        """The table of clear effects, for notebooks."""
        from tsattn.render.explain import interval, percent

        head = "".join(f"<th>{name}</th>" for name in ("input", "", "loss rises by", "95 % interval"))
        cells = ((effect.name, kind, percent(effect.rise), interval(effect)) for effect, kind in self.clear_effects)
        rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
        return f"<p>{html.escape(repr(self))}</p><table><tr>{head}</tr>{rows}</table><p>{html.escape(self.caution)}</p>"

    @property
    def clear_effects(self) -> list[tuple[Effect, str]]:
        """Lags and covariates with a clear effect, strongest first, each with its kind: "own value" or "covariate"."""
        both = [(effect, "own value") for effect in self.lags] + [(effect, "covariate") for effect in self.covariates]
        return sorted((pair for pair in both if pair[0].clear), key=lambda pair: -pair[0].rise)

    @property
    def item_id(self) -> str:
        return self.forecast.item_ids[0]

    def to_mapping(self) -> dict[str, Any]:
        from tsattn.data.iso_text import time_texts
        from tsattn.workflows.results import shortest

        cutoff, stamps = time_texts(self.forecast.to_arrow())
        parts = None
        if self.parts is not None:
            steps = len(self.parts.level)
            parts = {"timestamps": stamps[:steps], "median": shortest(self.forecast.median[0, :steps])}
            parts |= {name: getattr(self.parts, name).tolist() for name in ("level", "season", "remainder")}
        blocks = [
            {"first": b.first, "last": b.last, "attention": b.attention, **_mapping(b.effect, "steps_back")} for b in self.blocks
        ]
        return {
            "model": str(self.ref),
            "path": str(self.ref.path),
            "item_id": self.item_id,
            "cutoff": cutoff[0],
            "windows": self.windows,
            "lags": [{"lag": int(e.name.removeprefix("lag ")), **_mapping(e, "name")} for e in self.lags],
            "covariates": [_mapping(e, "name") for e in self.covariates],
            "blocks": blocks,
            "attention": None if self.attention is None else shortest(self.attention.astype(np.float32)),
            "parts": parts,
            "caution": self.caution,
            "notes": list(self.notes),
            "written": None if self.written is None else str(self.written),
        }


def _mapping(effect: Effect, name: str) -> dict[str, Any]:
    values = {name: effect.name, "loss_rise": effect.rise, "low": effect.low, "high": effect.high, "clear": effect.clear}
    return dict(plain(values))


def run(
    data: Any,
    model: str | Path | ModelRef | None,
    series: tuple[str, ...],
    workspace: Workspace,
    options: ReadOptions,
    plot: str | Path | None,
    listener: Listener,
) -> Explained:
    """Explain; see tsattn.explain. series: one name, or none for all."""
    from tsattn.data.sinks import checked_suffix
    from tsattn.model import artifact, runtime
    from tsattn.model.attributions import attributions
    from tsattn.render.explain_plot import PICTURES, save_picture

    if len(series) > 1:
        raise ConfigError(f"explain shows one series, not {len(series)}", f"name one: --series {quoted(series[0])}")
    picture = None if plot is None else checked_suffix(plot, PICTURES)
    chosen = choose(data, model, workspace, options, listener)
    card, panel = chosen.card, chosen.panel
    rows, notes = held_back(chosen, panel)
    if card.model.across:
        notes.append("the model reads the series together, but explain measures each series alone")
    if series:
        which = np.array([_index(panel, series[0])])
        rows, panel = rows[which], panel.select(which)
    elif len(panel) > 1:
        notes.append(f"showing {panel.item_ids[0]}, measured on all series; explain one series with --series NAME")
    network, _ = artifact.load_network(chosen.ref.path)
    forecaster = runtime.of_network(network, card)
    origins = sampled(panel, panel.origin + rows, WINDOWS)
    steps = min(horizon_for(card, panel), card.model.horizon)
    passes = -(-steps // card.model.pass_steps) * card.model.pass_steps
    batch = prepared(gather(panel, origins, card.model.context, passes, wants_covariates(forecaster)))
    batch.future_target[:, steps:] = np.nan  # steps beyond the horizon are not measured
    listener.note(f"measuring on {len(origins)} held-back windows")
    hear = Measuring(listener, card.name)
    measured = Importance(forecaster, batch, groups(panel, origins, steps), on_parts=hear)
    wanted, parts = _lags(panel, batch), _parts_of(card, panel, batch)
    patch, longest = card.model.patch, int(panel.lengths.max())
    spans = _spans(card.model.context, patch, longest)
    hear.total = len(measured.offsets(*wanted)) + len(parts) + len(spans)
    lags = measured.lags(*wanted)
    covariates = measured.covariates(parts)
    effects = measured.blocks(spans)
    shown, made, more = _shown(forecaster, panel, steps)
    seen = attributions(network, gather(panel, shown, card.model.context, card.model.pass_steps, wants_covariates(forecaster)))
    attention = None if seen.attention is None else seen.attention[0]
    found = Explained(
        ref=chosen.ref,
        panel=panel,
        forecast=made,
        lags=tuple(lags),
        covariates=tuple(covariates),
        blocks=tuple(
            PastSpan(a, min(b, longest), _share(attention, a, b, patch), e) for (a, b), e in zip(spans, effects, strict=True)
        ),
        attention=None if attention is None else np.repeat(attention / patch, patch),
        parts=None if seen.parts is None else Parts(*(part[0, : made.horizon] for part in seen.parts)),
        windows=len(measured.usable),
        notes=(*chosen.notes, *notes, *more),
        written=picture,
    )
    for note in (*notes, *more):
        listener.note(note)
    if picture is not None:
        save_picture(found, picture)
    return found


def _index(panel: Panel, name: str) -> int:
    if name not in panel.item_ids:
        raise unknown_series(name, panel.item_ids)
    return panel.item_ids.index(name)


def _lags(panel: Panel, batch: WindowBatch) -> tuple[int, list[int]]:
    """Return (number of lags to measure one by one, longer lags): the frequency's seasons and those found in the windows."""
    found = np.unique(find_seasons(batch.past_target, batch.season_lengths)[:, :2].astype(int), return_counts=True)
    often = [int(p) for p, n in zip(*found, strict=True) if n >= len(batch) / 4]
    longer = sorted({*panel.freq.season_lengths, *often})
    return int(np.clip(3 * panel.freq.season_length, FEWEST_LAGS, MOST_LAGS)), longer


def _parts_of(card: Card, panel: Panel, batch: WindowBatch) -> list[Part]:
    """Covariates grouped by source column, the calendar as one group; constant ones are left out."""
    if not any(card.inputs.values()):  # the network reads only the target
        return []
    calendar = len(calendar_names(panel.freq))
    made = [Part("calendar", "known", tuple(range(calendar)))] if calendar else []
    schema = panel.schema
    for field, names, features, skip in (
        ("known", schema.known, schema.known_features, calendar),
        ("past_cov", schema.past, schema.past_features, 0),
        ("static", schema.static, schema.static_features, 0),
    ):
        for name in names:
            own = [skip + i for i, f in enumerate(features) if f == name or f.startswith(f"{name}=")]
            made.append(Part(name, field, tuple(own)))
    return [part for part in made if _varies(getattr(batch, part.field)[..., list(part.columns)])]


def _varies(values: np.ndarray) -> bool:
    seen = ~np.isnan(values)
    return bool(seen.any()) and float(np.nanmax(values - np.nanmin(values, tuple(range(values.ndim - 1))))) > 0


def _shown(forecaster: Forecaster, panel: Panel, steps: int) -> tuple[Origins, Forecast, list[str]]:
    """The origin of the first item and the forecast from it: its end, or a horizon earlier without future covariates."""
    first = panel.select(np.array([0]))
    origins = last_origins(first)
    notes = []
    try:
        check_known(first, origins, steps)
    except DataError:
        origins = Origins(origins.item, np.maximum(origins.row - steps, first.indptr[0] + 1))
        notes.append(f"no future values of known covariates: showing the forecast of the last {steps} observed steps")
        check_known(first, origins, steps)
    made, failures = predict(forecaster, first, horizon=steps, origins=origins)
    if failures:
        raise DataError(f"series {failures[0].item_id} {failures[0].reason}", "choose another --series")
    return origins, made, notes


def _spans(context: int, patch: int, longest: int) -> list[tuple[int, int]]:
    """Spans of the past in whole patches: one, one, two, four, …, as far as the past reaches."""
    made, first, size = [], 1, patch
    reach = min(context, -(-longest // patch) * patch)
    while first <= reach:
        last = min(first + size - 1, reach)
        if reach - last < size / 2:  # no small remainder
            last = reach
        made.append((first, last))
        first, size = last + 1, size * (1 if len(made) == 1 else 2)
    return made


def _share(attention: np.ndarray | None, first: int, last: int, patch: int) -> float | None:
    """Attention of the tokens with steps `first` to `last` back."""
    if attention is None:
        return None
    tokens = attention[::-1]
    return float(tokens[(first - 1) // patch : last // patch].sum())
