"""Forecaster of a model folder: ONNX Runtime if there is a graph, else PyTorch. Rolls out to any horizon."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.errors import ArtifactError, ConfigError
from tsattn.forecasting.quantiles import resample
from tsattn.forecasting.sample_paths import drawn, scores_of
from tsattn.forecasting.shared_shocks import SharedShocks
from tsattn.model.card import CARD, GRAPH, TREES, Card, checked_file, read_card
from tsattn.model.inputs import feed
from tsattn.model.rollout import path_levels, quantiles_of, through, unit_levels
from tsattn.model.short_series import Run, by_length
from tsattn.nn.inputs import AHEAD, Inputs, InputSpec, parted

if TYPE_CHECKING:
    from tsattn.forecasting.trees.tree_correction import Trees
    from tsattn.nn.network import Network

TOGETHER = 1024  # paths generated at once
STEADY = 64  # batches of a multiple of this many rows are summed in the same order


class NetworkForecaster:
    """Forecaster that runs a network. One run covers `at_once` steps, a multiple of `pass_steps`; later steps are rolled out."""

    def __init__(
        self,
        card: Card,
        run: Run,
        network: Callable[[], Network] | None = None,
        fill: int = 1,
        trees: Callable[[], Trees] | None = None,
    ) -> None:
        """Wrap `run`, one pass of the network. fill: see `by_length`.

        network: returns the PyTorch network; called only to sample paths of an autoregressive network. trees: returns the trees
        that correct the forecasts of an ensemble around the network.
        """
        self.card, self.is_steady = card, fill == STEADY
        self.run = by_length(run, card.model, fill)
        self._pass = run
        self._network, self.trees = network, trees
        self.name = card.name
        self.quantiles = card.quantiles
        self.context = card.model.context
        self.pass_steps, self.at_once = card.model.pass_steps, card.model.steps_at_once(card.model.most_at_once)
        self.covariates = card.inputs["past"] + card.inputs["known"] + card.inputs["static"] > 0
        self.joint = card.model.across > 0

    def steady(self) -> NetworkForecaster:
        """Return a copy whose forecast of a window is bit-identical whatever else is in the batch."""
        return NetworkForecaster(self.card, self._pass, self._network, STEADY, self.trees)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return quantile forecasts (B, H, Q), float32.

        Raises ConfigError unless H is a multiple of `pass_steps` (`predict_windows` ensures that) and the covariates match
        the card.
        """
        return self._roll_out(self._feed(batch), batch.horizon)

    def sample(self, batch: WindowBatch, paths: int, shocks: SharedShocks) -> np.ndarray:
        """Return sample paths (B, H, P), float32, along shocks of their windows. H and errors are those of `predict`.

        An autoregressive network samples patch by patch, each conditional on the path so far, with the scale of the observed
        history; within a patch, scores persist as in `sample_paths.drawn`. For other networks, paths follow the forecast's
        quantiles.
        """
        if self.card.model.decoder != "autoregressive" or self._network is None:
            return drawn(self.predict(batch), self.quantiles, batch, paths, shocks)
        from tsattn.model.sampling import sample

        feed, network = self._feed(batch), self._network()
        scores = scores_of(batch, paths, batch.horizon, shocks, restart=self.pass_steps)
        size = max(1, TOGETHER // paths)
        rows = [slice(at, at + size) for at in range(0, len(batch), size)]
        return np.concatenate([sample(network, {name: x[some] for name, x in feed.items()}, scores[some]) for some in rows])

    def _feed(self, batch: WindowBatch) -> dict[str, np.ndarray]:
        """Return the network's inputs for a batch of windows."""
        if batch.horizon % self.pass_steps:
            raise ConfigError(f"a window of {batch.horizon} steps is not a multiple of the model's {self.pass_steps}")
        widths = {"past": batch.past_cov.shape[2], "known": batch.known.shape[2], "static": batch.static.shape[1]}
        if widths != self.card.inputs:
            raise ConfigError(
                f"{self.name} needs inputs {self.card.inputs}, the data has {widths}", "use the data it was trained on"
            )
        return feed(batch, self.card.model)

    def _roll_out(self, feed: dict[str, np.ndarray], horizon: int) -> np.ndarray:
        """Forecast run by run.

        Sample paths of one run extend the history of the next, and the forecasts of all paths are pooled. Q paths with Q
        values each give Q² pooled values, whose quantiles are the forecast, so uncertainty accumulates.
        """
        rows, paths, most = len(feed["target"]), len(self.quantiles), self.at_once
        # a history without negative values (prices, counts, rain) has no negative forecasts
        floor = np.where(np.nanmin(feed["target"], 1, initial=np.inf) >= 0, 0.0, -np.inf).astype(np.float32)[:, None, None]
        first = min(horizon, most)
        out = [np.maximum(self.run({**feed, "known": feed["known"][:, : self.context + first]}), floor)]  # (B, first, Q)
        if horizon == first:
            return out[0]
        levels = path_levels(paths, horizon)
        pool = resample(out[0], self.quantiles, unit_levels(paths**2))  # (B, first, Q²)
        spread = {name: np.repeat(value, paths, 0) for name, value in feed.items()}
        # path k of one series reads path k of another
        spread["group"] = spread["group"] * paths + np.tile(np.arange(paths), rows)
        for start in range(most, horizon, most):
            latest = np.maximum(through(pool, levels[start - most : start]), floor)
            latest = latest.transpose(0, 2, 1).reshape(rows * paths, most)
            spread["target"] = np.concatenate([spread["target"], latest], 1)[:, -self.context :]
            unknown = np.full((rows * paths, most, spread["past_cov"].shape[2]), np.nan, np.float32)
            spread["past_cov"] = np.concatenate([spread["past_cov"], unknown], 1)[:, -self.context :]
            steps = min(most, horizon - start)
            known = spread["known"][:, start : start + self.context + steps]
            answers = resample(self.run({**spread, "known": known}), self.quantiles, unit_levels(paths))
            answers = answers.reshape(rows, paths, steps, paths)
            pool = answers.transpose(0, 2, 1, 3).reshape(rows, steps, paths**2)
            out.append(np.maximum(quantiles_of(pool, np.array(self.quantiles)), floor))
        return np.concatenate(out, 1)


def load(folder: Path, engine: str = "auto", threads: int | None = None) -> NetworkForecaster:
    """Load the Forecaster of a model folder.

    engine: "onnx", "torch", or "auto" (ONNX Runtime if it is installed). threads: of ONNX Runtime, `cores()` by default.

    Raises ArtifactError if the folder is missing, damaged, not a model folder, or of a newer format version; nothing in it is
    executed or unpickled. Raises ConfigError for an unknown engine.
    """
    folder = Path(folder)
    if engine not in ("auto", "onnx", "torch"):
        raise ConfigError(f"unknown engine {engine!r}", "use auto, onnx or torch")
    card = read_card(folder)
    if engine == "onnx" and GRAPH not in card.files:
        why = "a joint model has none" if card.model.across else "its export was interrupted"
        raise ConfigError(f"{folder} has no ONNX graph: {why}", "use the engine torch or auto")
    trees = cache(lambda: _trees(folder, card)) if TREES in card.files else None
    if engine == "torch" or GRAPH not in card.files:
        network = _torch(folder)
        return NetworkForecaster(card, _run_of(network), lambda: network, trees=trees)
    try:
        return NetworkForecaster(card, _onnx(folder, card, threads), cache(lambda: _torch(folder)), trees=trees)
    except ImportError:
        if engine == "onnx":
            raise ConfigError("ONNX Runtime is not installed", "pip install onnxruntime, or use --engine torch") from None
        return load(folder, "torch")


def _onnx(folder: Path, card: Card, threads: int | None) -> Run:
    from tsattn.model.onnx_session import onnxruntime

    engine = onnxruntime()  # raises ImportError before the file is checked
    path = checked_file(folder, GRAPH, card)
    options = engine.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = engine.GraphOptimizationLevel.ORT_DISABLE_ALL  # done on export
    options.intra_op_num_threads = threads or cores()
    try:
        session = engine.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own errors share no public base class
        raise ArtifactError(f"{path} cannot be loaded: {error}", "train the model again") from None
    names = [node.name for node in session.get_inputs()]
    shape = [(node.name, node.shape[1:]) for node in (*session.get_inputs(), *session.get_outputs())]
    wanted = _shapes(card)
    if any(wanted.get(name) != [None if isinstance(size, str) else size for size in rest] for name, rest in shape):
        raise ArtifactError(f"{path} does not fit its {CARD}: it has {shape}, not {wanted}", "train the model again")

    def run(feed: dict[str, np.ndarray]) -> np.ndarray:
        given = parted(feed) if AHEAD in names else feed
        values: np.ndarray = session.run(None, {name: given[name] for name in names})[0]
        return values

    return run


def cores() -> int:
    """Return OMP_NUM_THREADS if set, else the number of cores that this process may use.

    A container may have fewer cores than the machine.
    """
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given):
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shapes(card: Card) -> dict[str, list[int | None]]:
    """Return the shapes of the graph's inputs and output, without the batch axis. None: any size."""
    steps = None if card.model.any_length else card.model.context
    spec, ahead = InputSpec(**card.inputs, quantiles=card.quantiles), card.model.pass_steps
    if card.model.decoder != "recurrent":
        shapes = spec.shapes(steps, ahead) | {"forecast": (ahead, len(card.quantiles))}
    else:  # any number of passes
        shapes = spec.shapes(steps, 0) | {AHEAD: (None, spec.known), "forecast": (None, len(card.quantiles))}
    return {name: list(shape) for name, shape in shapes.items()}


def of_network(network: Network, card: Card, trees: Trees | None = None) -> NetworkForecaster:
    """Return the Forecaster of an unsaved network and its trees, for backtests that refit the model at every cutoff."""
    network = network.float().cpu().eval()
    return NetworkForecaster(card, _run_of(network), lambda: network, trees=None if trees is None else lambda: trees)


def _torch(folder: Path) -> Network:
    from tsattn.model.artifact import load_network

    return load_network(folder)[0]


def _trees(folder: Path, card: Card) -> Trees:
    from tsattn.model.tree_file import read_trees

    return read_trees(folder, card)


def _run_of(network: Network) -> Run:
    import torch

    def run(feed: dict[str, np.ndarray]) -> np.ndarray:
        with torch.no_grad():
            values: np.ndarray = network(*Inputs.of(feed).tensors()).numpy()
        return values

    return run
