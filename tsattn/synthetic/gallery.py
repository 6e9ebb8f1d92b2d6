"""Gallery of the series used in pre-training, as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from tsattn.atomic import write_atomic
from tsattn.data.corpus.config import CorpusConfig
from tsattn.data.corpus.rows import Drawer, item_weights
from tsattn.data.corpus.store import Corpus
from tsattn.synthetic.config import KINDS, SyntheticConfig
from tsattn.synthetic.generate import generate

AHEAD = 64  # steps after the origin
SPANS = (2112, 2112, 1024, 512, 336, 168)  # steps shown in each column


def gallery(config: SyntheticConfig, path: Path, seed: int, real: tuple[Corpus, CorpusConfig] | None = None) -> None:
    """Write a PNG with one row per generator and per real source in use, and six series of different lengths in each.

    The series are disturbed as `config` says.
    """
    from matplotlib.figure import Figure

    rows = [*_generated(config, seed), *(_drawn(*real, seed) if real is not None else ())]
    figure = Figure(figsize=(3.6 * len(SPANS), 1.5 * len(rows)), dpi=75, layout="constrained")
    axes = figure.subplots(len(rows), len(SPANS), squeeze=False)
    for row, (name, target, input_seasons) in zip(axes, rows, strict=True):
        for axis, series, seasons, span in zip(row, target, input_seasons, SPANS, strict=True):
            axis.plot(series[-span:], linewidth=0.6, color="#2b2f36")
            axis.set_title(f"{name}  {span}  seasons {seasons[0]}, {seasons[1]}", fontsize=9, pad=2)
            axis.tick_params(labelsize=6, length=2, pad=1)
    with write_atomic(path) as beside:
        figure.savefig(beside, format="png")


def _generated(config: SyntheticConfig, seed: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield name, series and season lengths of each generator with a positive weight."""
    weights = dict(zip(KINDS, config.weights, strict=True))
    for kind in (kind for kind in KINDS if weights[kind] > 0):
        batch = generate(config.alone(kind), len(SPANS), max(SPANS), (seed, KINDS.index(kind)))
        yield kind, batch.target.numpy(), batch.season_lengths


def _drawn(corpus: Corpus, config: CorpusConfig, seed: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield name, series and season lengths of each corpus source that is trained on."""
    usual = np.bincount(corpus.index.source, item_weights(corpus, config), len(corpus.sources))
    for number, name in enumerate(corpus.sources):
        if usual[number] > 0:
            alone = replace(config, weights={other: float(other == name) for other in corpus.sources})
            rows = Drawer(corpus, alone, max(SPANS) - AHEAD, AHEAD, seed + number).rows(len(SPANS), 0)
            yield name, rows.target, rows.seasons
