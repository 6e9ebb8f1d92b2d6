"""A picture of what each generator makes, for people to judge."""

from __future__ import annotations

from pathlib import Path

from tsattn.atomic import write_atomic
from tsattn.synthetic.config import KINDS, SyntheticConfig
from tsattn.synthetic.generate import generate

SPANS = (2112, 2112, 1024, 512, 336, 168)  # how much of each series is drawn, a column each


def gallery(config: SyntheticConfig, path: Path, seed: int) -> None:
    """Write a PNG: a row a generator that has a weight, six of its series at different spans, disturbed as the config says."""
    from matplotlib.figure import Figure

    weights = dict(zip(KINDS, config.weights, strict=True))
    kinds = [kind for kind in KINDS if weights[kind] > 0]
    figure = Figure(figsize=(3.6 * len(SPANS), 1.5 * len(kinds)), dpi=75, layout="constrained")
    axes = figure.subplots(len(kinds), len(SPANS), squeeze=False)
    for row, kind in zip(axes, kinds, strict=True):
        batch = generate(config.alone(kind), len(SPANS), max(SPANS), (seed, KINDS.index(kind)))
        for axis, series, seasons, span in zip(row, batch.target, batch.season_lengths, SPANS, strict=True):
            shown = series[-span:]
            axis.plot(shown.numpy(), linewidth=0.6, color="#2b2f36")
            axis.set_title(f"{kind}  {span}  told {seasons[0]}, {seasons[1]}", fontsize=9, pad=2)
            axis.tick_params(labelsize=6, length=2, pad=1)
    with write_atomic(path) as beside:
        figure.savefig(beside, format="png")
