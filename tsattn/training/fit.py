"""Training on a panel: a run that holds the newest rows back to choose its weights, then a short one on all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tsattn.config import ModelConfig, TrainConfig
from tsattn.data.panel import Panel
from tsattn.model.card import Fitted
from tsattn.nn.network import Network
from tsattn.training.checkpoint import clear_state, read_state
from tsattn.training.dataset import PanelSource
from tsattn.training.lightning import Progress, learn
from tsattn.training.profiler import Timeline

FINISH_RATE = 0.3  # of the full rate, where the last steps on all rows begin


def fit(
    panel: Panel,
    model: ModelConfig,
    train: TrainConfig,
    *,
    state: Path,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_interrupt: Callable[[], None] | None = None,
    logger: str | None = None,
    start: Network | None = None,
    timeline: Timeline | None = None,
) -> tuple[Network, Fitted]:
    """Train a network on a panel that ends where its test tail begins: `learn`, in two runs.

    The first holds the panel's last rows back, to stop by them and to choose its weights (`choose_weights`). The second
    takes these weights on, on all rows (`finish`). `start` gives the first weights: see nn/transfer.
    """
    state, tell = Path(state), on_progress or (lambda _: None)
    held = PanelSource(panel, model, train).tail is not None
    most = train.steps + (round(train.finish * train.steps) if held else 0)
    network, fitted = choose_weights(
        *(panel, model, train),
        state=state,
        resume=resume,
        on_progress=lambda now: tell(replace(now, steps=most)),
        on_interrupt=on_interrupt,
        logger=logger,
        start=start,
        timeline=timeline,
    )
    return finish(
        *(panel, network, fitted, train),
        state=state,
        resume=resume,
        on_progress=on_progress,
        on_interrupt=on_interrupt,
        timeline=timeline,
    )


def choose_weights(
    panel: Panel,
    model: ModelConfig,
    train: TrainConfig,
    *,
    state: Path,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_interrupt: Callable[[], None] | None = None,
    logger: str | None = None,
    start: Network | None = None,
    horizon: int | None = None,
    timeline: Timeline | None = None,
) -> tuple[Network, Fitted]:
    """The first run: the weights that do best on the panel's last rows, which it does not learn from.

    These rows are windows of `horizon` steps, by default the network's.
    """
    source, tell = PanelSource(panel, model, train, horizon=horizon), on_progress or (lambda _: None)
    share = 1 + (train.finish if source.tail is not None else 0.0)
    if not resume:
        clear_state(Path(state) / "finish")

    first = True

    def hear(now: Progress) -> None:
        nonlocal first
        if first:  # a run that was given more time: what followed on its former end is void
            clear_state(Path(state) / "finish")
            first = False
        tell(now)

    return learn(
        *(source, model, replace(train, max_time=None if train.max_time is None else train.max_time / share)),
        state=Path(state),
        resume=resume,
        on_progress=hear,
        on_interrupt=on_interrupt,
        logger=logger,
        start=start,
        timeline=timeline,
    )


def finish(
    panel: Panel,
    network: Network,
    fitted: Fitted,
    train: TrainConfig,
    *,
    state: Path,
    resume: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_interrupt: Callable[[], None] | None = None,
    horizon: int | None = None,
    timeline: Timeline | None = None,
) -> tuple[Network, Fitted]:
    """The second run: `train.finish` times the steps that led to the weights, with a low and falling rate, on all rows.

    The newest rows too, which a forecast rests on most. Nothing when the first run held nothing back, or was interrupted.
    """
    state, model, tell = Path(state), network.config, on_progress or (lambda _: None)
    steps = round(train.finish * fitted.best_step)
    if not steps or fitted.validation is None or fitted.stopped == "interrupted":
        return network, fitted
    left = None if train.max_time is None else max(1e-3, train.max_time - fitted.seconds)
    last = replace(train, steps=steps, learning_rate=FINISH_RATE * train.learning_rate, warmup=10, decay=1.0, max_time=left)
    total = fitted.steps + steps
    finished, rest = learn(
        *(PanelSource(panel, model, last, whole=True, horizon=horizon), model, last),
        state=state / "finish",
        resume=resume and read_state(state / "finish") is not None,
        on_progress=lambda now: tell(replace(now, step=fitted.steps + now.step, steps=total, validation=fitted.validation)),
        on_interrupt=on_interrupt,
        start=network,
        timeline=timeline,
    )
    fitted = replace(fitted, steps=fitted.steps + rest.steps, seconds=round(fitted.seconds + rest.seconds, 1))
    if rest.stopped == "interrupted":  # half-way its rate is still high: the weights that were chosen are the better ones
        return network, replace(fitted, stopped="interrupted")
    return finished, fitted
