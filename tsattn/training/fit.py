"""Training on a panel: a run that holds back the newest rows for validation, then a short final fit on all rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tsattn.config import ModelConfig, TrainConfig
from tsattn.data.panel import Panel
from tsattn.model.card import Fitted
from tsattn.nn.network import Network
from tsattn.training.checkpoint import clear_state, read_state
from tsattn.training.dataset import PanelSource
from tsattn.training.lightning import learn
from tsattn.training.run_options import Progress, RunOptions

FINISH_RATE = 0.3  # initial rate of the final fit, as a share of the full rate


def fit(panel: Panel, model: ModelConfig, train: TrainConfig, options: RunOptions) -> tuple[Network, Fitted]:
    """Train a network on a panel that ends before its test windows, in two runs of `learn`.

    The first holds back the panel's last rows, for early stopping and to choose the weights (`choose_weights`). The second
    continues from these weights on all rows (`finish`).
    """
    held = PanelSource(panel, model, train).tail is not None
    most = train.steps + (round(train.finish * train.steps) if held else 0)
    first = replace(options, on_progress=lambda now: options.report(replace(now, steps=most)))
    network, fitted = choose_weights(panel, model, train, first)
    return finish(panel, network, fitted, train, options)


def choose_weights(panel: Panel, model: ModelConfig, train: TrainConfig, options: RunOptions) -> tuple[Network, Fitted]:
    """Train without the panel's last rows, and keep the weights with the lowest loss on them."""
    source = PanelSource(panel, model, train, horizon=options.horizon)
    share = 1 + (train.finish if source.tail is not None else 0.0)
    later = (Path(options.state) / "finish", *options.later)

    def forget_later() -> None:
        for folder in later:
            clear_state(folder)

    if not options.resume:
        forget_later()
    begun = False

    def report(now: Progress) -> None:
        nonlocal begun
        if not begun:  # a run resumed with more time: discard the phases that followed its former end
            forget_later()
            begun = True
        options.report(now)

    train = replace(train, max_time=None if train.max_time is None else train.max_time / share)
    return learn(source, model, train, replace(options, on_progress=report))


def finish(panel: Panel, network: Network, fitted: Fitted, train: TrainConfig, options: RunOptions) -> tuple[Network, Fitted]:
    """Train on all rows, for `train.finish` times the steps that led to the chosen weights, at a low and decaying rate.

    Returns the network unchanged if the first run held back no rows or was interrupted.
    """
    state, model = Path(options.state) / "finish", network.config
    steps = round(train.finish * fitted.best_step)
    if not steps or fitted.validation is None or fitted.stopped == "interrupted":
        return network, fitted
    left = None if train.max_time is None else max(1e-3, train.max_time - fitted.seconds)
    last = replace(train, steps=steps, learning_rate=FINISH_RATE * train.learning_rate, warmup=10, decay=1.0, max_time=left)
    before, total = fitted.steps, fitted.steps + steps
    second = replace(
        options,
        state=state,
        resume=options.resume and read_state(state) is not None,
        on_progress=lambda now: options.report(replace(now, step=before + now.step, steps=total, validation=fitted.validation)),
        start=network,
        logger=None,
    )
    finished, rest = learn(PanelSource(panel, model, last, whole=True, horizon=options.horizon), model, last, second)
    fitted = replace(fitted, steps=fitted.steps + rest.steps, seconds=round(fitted.seconds + rest.seconds, 1))
    if rest.stopped == "interrupted":  # its rate has not decayed yet: the chosen weights are better
        return network, replace(fitted, stopped="interrupted")
    return finished, fitted
