"""Training run: a thin LightningModule, its data and a callback. The only module that imports Lightning."""

from __future__ import annotations

import contextlib
import copy
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from tsattn import interrupts
from tsattn.config import ModelConfig, TrainConfig, to_mapping
from tsattn.errors import ConfigError, TsattnError
from tsattn.model.card import Fitted
from tsattn.model.quiet import quiet
from tsattn.nn.inputs import NAMES, Inputs
from tsattn.nn.network import Network
from tsattn.nn.objective import window_loss
from tsattn.nn.warm_start import warm_start
from tsattn.training.batches import TrainingBatch, in_parts
from tsattn.training.checkpoint import RunState, check_resumable, clear_state, read_state, under, write_state
from tsattn.training.dataset import Source
from tsattn.training.device import choose_device, choose_precision
from tsattn.training.optim import make_optimizers, optimizer_tensors, restore_optimizers, schedule, set_rate
from tsattn.training.profiler import DATA, EMBEDDING, HEAD, OPTIMISER, REST, VALIDATION, Timeline
from tsattn.training.run_options import Progress, RunOptions

VALIDATIONS = 20  # number in a full run
NEAR = 1.02  # a loss up to this multiple of the best counts as equal
LIGHTNING = ("pytorch_lightning", "lightning.pytorch", "lightning_fabric")  # loggers to silence
CLIP = 1.0  # largest norm of the gradient


class Module(pl.LightningModule):
    """Training step: scaled quantile loss of a batch, both optimisers, exponential moving average of the weights."""

    def __init__(self, network: Network, train: TrainConfig, precision: str, near: int, timeline: Timeline) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network, self.train_config, self.products, self.near, self.timeline = network, train, precision, near, timeline
        self.average = copy.deepcopy(network).requires_grad_(False).eval()
        self.done = 0.0  # completed share of the run, set by Watcher
        self.step = 0
        self.loss = torch.zeros(())

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        return make_optimizers(self.network, self.train_config, self.products)

    def training_step(self, batch: list[dict[str, Tensor]]) -> None:
        optimizers: list[Any] = self.optimizers()  # type: ignore[assignment]
        set_rate(optimizers, schedule(self.done, self.step, self.train_config))
        self.timeline.mark(REST)
        loss = self.loss_of(batch)
        self.manual_backward(loss)
        self.timeline.mark(EMBEDDING)  # the backward pass ends there
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        weight = 1 - min(self.train_config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), weight)
        self.step += 1
        # smoothed on the device: reading it would synchronise at every step
        self.loss = torch.lerp(self.loss.to(loss.device), loss.detach(), max(0.02, 1 / self.step))
        self.timeline.mark(OPTIMISER)
        self.timeline.steps += 1

    def loss_of(self, parts: list[dict[str, Tensor]]) -> Tensor:
        """Return the mean loss over all parts of a batch, in which every target has the same weight."""
        total = count = torch.zeros(())
        for part in parts:
            inputs = Inputs(**{name: part[name] for name in NAMES})
            truth = part["future"], part["prefix"], part["origin"], self.near, part["past"]
            loss, seen = window_loss(self.network, inputs, *truth)
            total, count = total.to(loss.device) + loss * seen, count.to(loss.device) + seen
            self.timeline.mark(HEAD)
        return total / count.clamp_min(1)

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors of the state of the run, by name."""
        optimizers: list[Any] = self.optimizers(use_pl_optimizer=False)  # type: ignore[assignment]
        parts = {"network": self.network.state_dict(), "average": self.average.state_dict(), "loss": {"smooth": self.loss}}
        parts["optimizer"] = optimizer_tensors(optimizers)
        return {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}

    def restore(self, step: int, tensors: dict[str, Tensor]) -> None:
        """Restore the tensors that `tensors` returned."""
        self.step = step
        self.network.load_state_dict(under("network", tensors))
        self.average.load_state_dict(under("average", tensors))
        self.loss = tensors["loss.smooth"]
        restore_optimizers(self.optimizers(use_pl_optimizer=False), under("optimizer", tensors))  # type: ignore[arg-type]


class Batches(IterableDataset[list[dict[str, Tensor]]]):
    """Batches of a source from step `start` on, split into parts of similar length. They are made in the training process."""

    def __init__(self, source: Source, model: ModelConfig, train: TrainConfig, start: int, timeline: Timeline) -> None:
        self.source, self.model, self.train, self.start, self.timeline = source, model, train, start, timeline

    def __iter__(self) -> Iterator[list[dict[str, Tensor]]]:
        spread = torch.distributed.is_available() and torch.distributed.is_initialized()
        rank = torch.distributed.get_rank() if spread else 0
        for step in range(self.start, self.train.steps):
            torch.manual_seed(hash((self.train.seed, rank, step)) % 2**63)  # so that dropout depends on the step only
            self.timeline.mark(REST)
            batch = self.source.sample(step, rank)
            parts = [
                {f.name: torch.as_tensor(getattr(part, f.name)) for f in fields(TrainingBatch)}
                for part in in_parts(batch, self.model)
            ]
            self.timeline.mark(DATA)
            yield parts


class Watcher(pl.Callback):
    """Callback that reports progress, validates, keeps the best weights, writes the state, and stops the run."""

    def __init__(self, source: Source, train: TrainConfig, notes: RunState, options: RunOptions) -> None:
        self.source, self.train, self.notes, self.options = source, train, notes, options
        self.every = max(1, min(train.steps, max(10, train.steps // VALIDATIONS)))
        self.interrupted = threading.Event()
        self.best: dict[str, Tensor] = {}
        self.resumed: dict[str, Tensor] = {}
        self.validation: float | None = None
        self.before = notes.seconds
        self.started = time.monotonic()
        self.first = notes.step

    def on_train_start(self, trainer: pl.Trainer, module: Module) -> None:  # type: ignore[override]
        if self.resumed:
            module.restore(self.notes.step, self.resumed)
            self.best = under("best", self.resumed)
        module.done = trainer.strategy.broadcast(self._done())
        interrupts.reclaim()  # Lightning would raise at SIGTERM and lose the best weights

    def on_train_batch_end(self, trainer: pl.Trainer, module: Module, *_: Any) -> None:  # type: ignore[override]
        notes, train = self.notes, self.train
        module.timeline.mark(REST)
        notes.step, notes.seconds = module.step, self.before + time.monotonic() - self.started
        out_of_time = train.max_time is not None and notes.seconds >= train.max_time
        # clocks and Ctrl-C differ between processes, which must use the same rate and stop at the same step
        pause = self.options.pause
        paused = pause is not None and notes.seconds - self.before >= pause
        own = self._done(), out_of_time, self.interrupted.is_set(), paused
        module.done, out_of_time, interrupted, paused = trainer.strategy.broadcast(own)
        last = notes.step >= train.steps or out_of_time
        if notes.step % self.every == 0 or last:
            self._validate(trainer, module)
            notes.stopped = "early" if notes.waited >= train.patience else ""
        notes.stopped = "time" if out_of_time else "finished" if last else notes.stopped
        if not last and (interrupted or paused):
            notes.stopped = "interrupted" if interrupted else "paused"
        if (notes.step % self.every == 0 or notes.stopped) and trainer.is_global_zero:
            best = {f"best.{name}": value for name, value in self.best.items()}
            write_state(Path(self.options.state), notes, {**module.tensors(), **best})
        trainer.should_stop = bool(notes.stopped)
        module.timeline.mark(VALIDATION)
        self._report(module)

    def _validate(self, trainer: pl.Trainer, module: Module) -> None:
        notes = self.notes
        found = self.source.validate(module.average, module.device)
        self.validation = found
        best = found if notes.best is None else notes.best
        # newer weights win a near tie: their rate has decayed further, and a short tail is noisy
        if found is None or (math.isfinite(found) and best is not None and found <= NEAR * best):
            notes.best = found if found is None or best is None else min(found, best)
            notes.chosen, notes.best_step, notes.waited = found, notes.step, 0
            self.best = {name: value.detach().cpu().clone() for name, value in module.average.state_dict().items()}
        else:
            notes.waited += 1
        if trainer.logger is not None:
            values = {"loss": float(module.loss)} | ({} if found is None else {"validation": found})
            trainer.logger.log_metrics(values, notes.step)

    def _done(self) -> float:
        timed = self.notes.seconds / self.train.max_time if self.train.max_time else 0.0
        return max(self.notes.step / self.train.steps, timed)

    def _report(self, module: Module) -> None:
        notes, train = self.notes, self.train
        spent = max(notes.seconds - self.before, 1e-9)
        rate = (notes.step - self.first) / spent
        left = (train.steps - notes.step) / max(rate, 1e-9)
        if train.max_time is not None:
            left = min(left, max(0.0, train.max_time - notes.seconds))
        # read the loss from the device every ten steps only
        loss = float(module.loss) if notes.step % 10 == 1 or notes.stopped or module.device.type == "cpu" else float("nan")
        windows = rate * train.batch * train.devices * train.nodes
        progress = Progress(notes.step, train.steps, loss, self.validation, windows, notes.seconds, left, best=notes.best)
        self.options.report(progress)


def learn(source: Source, model: ModelConfig, train: TrainConfig, options: RunOptions) -> tuple[Network, Fitted]:
    """Train a network on the batches of a source, and keep the weights with the lowest validation loss.

    `options.state` is the folder of the run's state. With `options.resume` the run continues from it, to the same result as an
    uninterrupted run on the same device; `max_time` counts from the first start. The first Ctrl-C ends the run after the
    current step, with the best weights so far; a second one raises KeyboardInterrupt. Raises ConfigError if the device is not
    available, if there is no run to resume, or if it has other settings or data.
    """
    state, timeline = Path(options.state), options.timeline
    device = choose_device(train.device)
    asked = _asked(source, model, train)
    found = read_state(state) if options.resume else None
    if options.resume and found is None:
        raise ConfigError(f"no interrupted run under {state}", "remove --resume to start a new run")
    if found is None:
        clear_state(state)
        found = RunState(asked, choose_precision(train.precision, device)), {}
    notes, tensors = found
    check_resumable(notes, asked, {**to_mapping(ModelConfig()), **to_mapping(TrainConfig())})
    with torch.random.fork_rng():
        torch.manual_seed(train.seed)
        network = Network(model, source.spec)
        source.prepare(network)
        if options.start is not None:
            warm_start(options.start, network)
        _freeze(network, train.only)
        module = Module(network, train, notes.precision, source.near, timeline or Timeline())
        if timeline is not None:
            timeline.watch(network, device)
        watcher = Watcher(source, train, notes, options)
        watcher.resumed = tensors
        if not _is_over(notes, train):
            notes.stopped = ""
            trainer = _trainer(watcher, train, device, notes.precision)
            data = DataLoader(Batches(source, model, train, notes.step, module.timeline), batch_size=None, num_workers=0)
            with quiet(*LIGHTNING), _interruptible(watcher, options.on_interrupt):
                trainer.fit(module, data)
        else:
            watcher.best = under("best", tensors)
        best = watcher.best or module.average.state_dict()
        network = Network(model, network.spec)  # drops the hooks of training
        network.load_state_dict(best)
    if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
        raise TsattnError("training diverged: the weights are no longer finite", "use a lower learning_rate in --config")
    count = sum(p.numel() for p in network.parameters())
    fitted = Fitted(
        notes.stopped, notes.step, notes.best_step, notes.chosen, round(notes.seconds, 1), str(device), notes.precision, count
    )
    return network.eval(), fitted


def _freeze(network: Network, only: str) -> None:
    """Freeze the weights whose names start with none of the prefixes in `only`. Raises ConfigError if that is all of them."""
    for name, weight in network.named_parameters():
        weight.requires_grad_(name.startswith(tuple(only.split(","))))
    if not any(weight.requires_grad for weight in network.parameters()):
        names = ", ".join(sorted({name.split(".")[0] for name, _ in network.named_parameters()}))
        raise ConfigError(f"only = {only!r}: no weight has a name that starts with it", f"parts of this network: {names}")


def _is_over(notes: RunState, train: TrainConfig) -> bool:
    """Return True if a resumed run has nothing left to do. A run stopped by `max_time` may continue with a later limit."""
    if notes.stopped != "time":
        return notes.stopped in ("finished", "early")
    return notes.step >= train.steps or (train.max_time is not None and notes.seconds >= train.max_time)


def _trainer(watcher: Watcher, train: TrainConfig, device: torch.device, precision: str) -> pl.Trainer:
    with quiet(*LIGHTNING):
        return pl.Trainer(
            accelerator={"cuda": "gpu"}.get(device.type, device.type),
            devices=train.devices,
            num_nodes=train.nodes,
            strategy="ddp" if train.devices * train.nodes > 1 else "auto",
            precision="bf16-mixed" if precision == "bf16" else "32-true",
            max_epochs=1,
            callbacks=[watcher],
            logger=_logger(watcher.options.logger, Path(watcher.options.state)),
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )


def _logger(name: str | None, state: Path) -> Any:
    if name is None:
        return False
    if name != "tensorboard":
        raise ConfigError(f"unknown logger {name!r}", "use tensorboard")
    try:
        return pl.loggers.TensorBoardLogger(save_dir=state, name="tensorboard", version="")
    except ModuleNotFoundError:
        raise ConfigError("TensorBoard is not installed", "pip install tensorboard") from None


def _asked(source: Source, model: ModelConfig, train: TrainConfig) -> dict[str, Any]:
    """Return the settings that a resumed run must share with the first. Device and time limit may differ."""
    free = {"max_time", "device", "devices", "nodes", "precision"}
    return {**to_mapping(model), **{k: v for k, v in to_mapping(train).items() if k not in free}, **source.identity}


@contextlib.contextmanager
def _interruptible(watcher: Watcher, on_interrupt: Callable[[], None] | None) -> Iterator[None]:
    """End the run after its current step at the first Ctrl-C. A second one interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.getsignal(signal.SIGINT)

    def ask(*_: Any) -> None:
        watcher.interrupted.set()
        signal.signal(signal.SIGINT, previous)
        if on_interrupt is not None:
            on_interrupt()

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
