"""Settings as frozen dataclasses, read from TOML and written as JSON. Unknown keys are errors that suggest the nearest key."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsattn.durations import Seconds, named_seconds
from tsattn.errors import ConfigError, UnknownColumnError


def option(default: Any, text: str) -> Any:
    """Return a dataclass field with the help that the command line and the HTTP service show for it."""
    return dataclasses.field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Columns:
    """Roles of a table's columns, as named by reading options and kept by the schema of a panel."""

    timestamp: str | None = option(None, "Timestamp column, or none to number the rows.")
    item: tuple[str, ...] = option((), "Columns that identify a series.")
    target: tuple[str, ...] = option((), "Columns to forecast.")
    past: tuple[str, ...] = option((), "Covariates without future values.")
    known: tuple[str, ...] = option((), "Covariates with known future values.")
    static: tuple[str, ...] = option((), "Covariates that are constant within a series.")

    @property
    def covariates(self) -> tuple[str, ...]:
        """Columns of all covariates."""
        return (*self.past, *self.known, *self.static)

    @property
    def named(self) -> tuple[str, ...]:
        """Columns of every role but the timestamp."""
        return (*self.item, *self.target, *self.covariates)

    def roles(self) -> dict[str, Any]:
        """Return the columns by name of their role."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(Columns)}


@dataclass(frozen=True)
class ReadOptions(Columns):
    """Options that override what is inferred from the data. Fields for several columns also accept a single name."""

    freq: str | None = option(None, "Frequency: 15min, h, D, B, W, MS, QS, YS, or step for rows without a clock.")
    layout: str | None = option(None, "Layout: single, wide, long, rows (a series per row), times (a day per row) or year-month.")
    date_order: str | None = option(None, "Order of day, month and year in dates: ymd, dmy or mdy.")
    date_system: str | None = option(None, "First year of the serial days of a spreadsheet: 1900 or 1904.  [default: inferred]")
    timezone: str | None = option(None, "Time zone of timestamps without one, such as Europe/Berlin or +02:00.")
    on_duplicate: str | None = option(
        None, "How to combine rows with the same timestamp: first, last, mean or sum.  [default: error]"
    )
    resample: str | None = option(None, "Aggregate the rows to this frequency, such as D or W.")
    agg: str = option("mean", "How --resample aggregates rows: mean, sum or last.")
    fill: float | None = option(None, "Value for steps without rows, such as 0 for counts.  [default: missing]")
    delimiter: str | None = option(None, "Field separator, or the word tab.")
    decimal: str | None = option(None, "Decimal separator: . or ,")
    encoding: str | None = option(None, "Text encoding, such as utf-8 or latin-1.")
    missing: tuple[str, ...] = option((), "Markers of missing values, such as -999,unavailable,'<1'.")
    calendar: str | None = option(
        None, "Open days and hours: an exchange (XNYS), a week (Mon-Sat), or none.  [default: inferred]"
    )
    holidays: tuple[str, ...] = option(
        (),
        "Regions whose public holidays become closed days or known covariates, such as DE,US-NY, or by series: a=DE,b=FR. "
        "In weekly and monthly data, known covariates count holidays and working days.",
    )
    drop_last: bool = option(False, "Leave out the last period, such as an unfinished month.")

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if field.default == ():
                value = getattr(self, field.name)
                object.__setattr__(self, field.name, (value,) if isinstance(value, str) else tuple(value))

    def given(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults."""
        return {f.name: value for f in dataclasses.fields(self) if (value := getattr(self, f.name)) != f.default}

    def over(self, other: ReadOptions) -> ReadOptions:
        """Return the options of `other`, overridden by those given here."""
        return dataclasses.replace(other, **self.given())

    def naming(self, columns: Columns) -> ReadOptions:
        """Return these options with the roles of `columns`."""
        return dataclasses.replace(self, **columns.roles())


FRONT_ENDS = ("lstm", "gru", "rnn", "none")
ENCODERS = ("full", "window", "linear", "none")
DECODERS = ("direct", "recurrent", "cross-attention", "autoregressive")
POSITIONS = ("rotary", "sinusoidal", "learned", "none")
SCALINGS = ("standard", "robust")
ACROSS = 2  # `across` of a joint model
FEWEST_TOKENS = 4  # tokens of the context of a network that accepts shorter windows


@dataclass(frozen=True)
class ModelConfig:
    """Architecture of the network. The defaults are the settings of `train`."""

    context: int = 2048  # past steps that the network reads, a multiple of `patch`
    horizon: int = 48  # steps that one pass forecasts; longer horizons repeat it
    patch: int = 32  # steps of one token
    width: int = 160  # features of a token
    heads: int = 5  # attention heads; `width` must be a multiple
    layers: int = 4  # self-attention blocks
    front_end: str = "lstm"  # recurrent layer before attention: "lstm", "gru", "rnn" or "none"
    encoder: str = "full"  # self-attention: "full", "window", "linear", or "none" for no blocks
    decoder: str = "direct"  # "direct", "recurrent", "cross-attention", or "autoregressive" (one patch after another)
    reach: int = 768  # steps that the recurrent decoder forecasts at once, rounded down to a multiple of `horizon`
    position: str = "rotary"  # position encoding: "rotary", "sinusoidal", "learned" or "none"
    window: int = 16  # tokens that a token attends to, itself included, with encoder "window"
    dropout: float = 0.0  # rate in blocks and attention weights
    drop_path: float = 0.0  # rate of dropped branches in the last block, falling towards the first
    scaling: str = "standard"  # scaling of each window: "standard" (mean, standard deviation) or "robust" (median, MAD)
    block: int = 16  # steps that share one mixture of seasonal anchors
    across: int = 0  # attention across series before the first block and every `across`-th one after it; 0 = none

    def __post_init__(self) -> None:
        _check_range(self, 1, ("context", "horizon", "patch", "width", "heads", "block", "window", "reach"))
        _check_range(self, 0, ("layers", "across"))
        _check_range(self, 0, ("dropout", "drop_path"), below=1)
        _check_choice(self, {"front_end": FRONT_ENDS, "encoder": ENCODERS, "decoder": DECODERS})
        _check_choice(self, {"position": POSITIONS, "scaling": SCALINGS})
        if self.across and self.decoder == "autoregressive":
            raise ConfigError(
                "the autoregressive decoder reads each series alone", "use another decoder, or train without --joint"
            )

    @property
    def any_length(self) -> bool:
        """True if the network accepts windows of fewer tokens than the context.

        Window and linear attention cut windows into blocks, and PyTorch unrolls a plain RNN in the exported graph.
        """
        return self.encoder in ("full", "none") and self.front_end != "rnn" and self.context >= FEWEST_TOKENS * self.patch

    @property
    def pass_steps(self) -> int:
        """Steps of one pass: the horizon, or one patch for the autoregressive decoder."""
        return self.patch if self.decoder == "autoregressive" else self.horizon

    @property
    def most_at_once(self) -> int:
        """Most steps of one run of the network: the horizon, or the reach of the recurrent decoder."""
        return self.horizon * (max(1, self.reach // self.horizon) if self.decoder == "recurrent" else 1)

    def steps_at_once(self, horizon: int) -> int:
        """Return the steps of one run of the network for a horizon: a multiple of `pass_steps`, one pass if not recurrent."""
        if self.decoder != "recurrent":
            return self.pass_steps
        return min(self.most_at_once, -(-horizon // self.horizon) * self.horizon)


DEVICES, PRECISIONS = ("auto", "cpu", "cuda", "mps"), ("auto", "fp32", "bf16")


@dataclass(frozen=True)
class ScheduleConfig:
    """Length of the training and learning-rate schedule. Early stopping may end it earlier."""

    steps: int = 1600  # optimiser steps
    warmup: int = 50  # steps of rising rate
    decay: float = 0.5  # share of the schedule, at its end, in which the rate falls to zero
    finish: float = 0.25  # length of the final fit on all rows, relative to the steps to the best weights
    patience: int = 10  # validations (of 20 in a schedule) without a better score before stopping
    max_time: Seconds | None = None  # scoring and saving included

    def __post_init__(self) -> None:
        _check_range(self, 1, ("steps", "patience"))
        _check_range(self, 0, ("warmup", "max_time"))
        _check_range(self, 0, ("decay",), below=1.0000001)
        _check_range(self, 0, ("finish",), below=1)


@dataclass(frozen=True)
class OptimiserConfig:
    """Batches and optimiser settings."""

    batch: int = 64  # windows in a step, each with `origins` forecast origins
    origins: int = 8  # forecast origins in each window
    learning_rate: float = 1.5e-3  # peak rate of AdamW; Muon's scales with it
    weight_decay: float = 0.05
    average: float = 0.99  # decay of the running mean of the weights, which is saved
    only: str = ""  # name prefixes of the weights to train, such as "head.later" or "across,head.led"; "" = all weights

    def __post_init__(self) -> None:
        _check_range(self, 1, ("batch", "origins"))
        _check_range(self, 0, ("learning_rate", "weight_decay"))
        _check_range(self, 0, ("average",), below=1)


@dataclass(frozen=True)
class AugmentationConfig:
    """Augmentation of training windows (training/augment.py)."""

    flip: float = 0.3  # share of windows multiplied by -1, without covariates only
    mixup: float = 0.25  # share of windows mixed with another
    jitter: float = 0.0  # noise on windows, relative to their spread
    rescale: float = 0.0  # standard deviation of the logarithm of a slow change of amplitude
    warp: float = 0.0  # largest logarithm of a change of speed, without covariates only
    hide: float = 0.0  # share of the past set to missing

    def __post_init__(self) -> None:
        _check_range(self, 0, ("flip", "mixup"), below=1.0000001)
        _check_range(self, 0, ("jitter", "rescale", "warp"), below=2)
        _check_range(self, 0, ("hide",), below=1)


@dataclass(frozen=True)
class MachineConfig:
    """Devices, precision and random seed of the training."""

    seed: int = 0
    device: str = "auto"  # "auto", "cpu", "cuda" or "mps"
    devices: int = 1  # number of devices
    nodes: int = 1
    precision: str = "auto"  # "auto", "fp32" or "bf16"

    def __post_init__(self) -> None:
        _check_range(self, 1, ("devices", "nodes"))
        _check_range(self, 0, ("seed",))
        _check_choice(self, {"device": DEVICES, "precision": PRECISIONS})


@dataclass(frozen=True)
class TrainConfig(MachineConfig, AugmentationConfig, OptimiserConfig, ScheduleConfig):
    """Settings of the training, flat, as in `[train]` of a TOML file and in a model card.

    Functions accept the base class with the settings that they use.
    """

    def __post_init__(self) -> None:
        for concern in (ScheduleConfig, OptimiserConfig, AugmentationConfig, MachineConfig):
            concern.__post_init__(self)


@dataclass(frozen=True)
class BacktestConfig:
    """Rolling-origin evaluation: windows at the end of each series."""

    windows: int | None = None  # windows of each series; None = the model's held-back test windows, else 5
    step: int | None = None  # steps between windows; None = the horizon
    horizon: int | None = None  # steps of a window; None = the model's
    refit: bool = False  # also fit the model's network and trees anew before every cutoff
    baselines: tuple[str, ...] = ("naive", "seasonal-naive", "drift")
    metrics: tuple[str, ...] = ()  # columns of the table; () = MASE, WQL, RMSE, sMAPE, 80 % coverage and the skills
    quantiles: tuple[float, ...] = ()  # levels that are scored and written; () = 0.1, 0.2, … 0.9
    cutoffs: tuple[str, ...] = ()  # last observed timestamps of the windows; () = rolling origins

    def __post_init__(self) -> None:
        object.__setattr__(self, "cutoffs", _as_texts(self.cutoffs))


def _as_texts(times: Any) -> tuple[str, ...]:
    """Return one time, or several, as texts: texts, dates, datetimes, or timestamps of pandas or NumPy."""
    alone = isinstance(times, str) or not hasattr(times, "__iter__")
    return tuple(str(time) for time in ((times,) if alone else times))


RECONCILIATIONS = ("mint", "bottom-up", "none")


@dataclass(frozen=True)
class HierarchyConfig:
    """Sums of series that are forecast too, and how the forecasts are made to add up."""

    hierarchy: tuple[str, ...] = ()  # item columns from top to bottom: a total, and a sum for each value of each column
    sums: tuple[str, ...] = ()  # "name=a+b": a series of this name, the sum of others
    reconcile: str = "mint"  # "mint" (minimum trace), "bottom-up" or "none"

    def __post_init__(self) -> None:
        for name in ("hierarchy", "sums"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))
        _check_choice(self, {"reconcile": RECONCILIATIONS})
        if self.hierarchy and self.sums:
            raise ConfigError("--hierarchy and --sum exclude each other", "use --hierarchy for columns, --sum for single series")

    @property
    def asked(self) -> bool:
        """True if there are any sums."""
        return bool(self.hierarchy or self.sums)

    def reading(self, options: ReadOptions) -> ReadOptions:
        """Return the reading options with the columns of the hierarchy as the first item columns."""
        if not self.hierarchy:
            return options
        below = tuple(name for name in options.item if name not in self.hierarchy)
        return dataclasses.replace(options, item=(*self.hierarchy, *below))

    @contextmanager
    def naming_its_columns(self) -> Iterator[None]:
        """Name --hierarchy in an error about one of its columns, which are read as --item."""
        try:
            yield
        except UnknownColumnError as error:
            if error.role == "item" and error.name in self.hierarchy:
                raise UnknownColumnError("hierarchy", error.name, error.quoted, error.hint) from None
            raise


def _check_range(settings: Any, least: float, names: tuple[str, ...], below: float = float("inf")) -> None:
    """Raise ConfigError unless least ≤ value < below for each named field. None is allowed."""
    for name in names:
        value = getattr(settings, name)
        if value is not None and not least <= value < below:
            wanted = f"at least {least}" if below == float("inf") else f"between {least} and {below:.0f}"
            raise ConfigError(f"{name} must be {wanted}, not {value}")


def _check_choice(settings: Any, known: dict[str, tuple[str, ...]]) -> None:
    """Raise ConfigError, with the known values, for a field whose value is not among them."""
    for name, values in known.items():
        if getattr(settings, name) not in values:
            said = name.replace("_", " ")
            raise ConfigError(f"unknown {said} {getattr(settings, name)!r}", f"use one of: {', '.join(values)}")


Config = typing.TypeVar("Config")


def from_mapping(kind: type[Config], values: dict[str, Any], where: str) -> Config:
    """Make a settings object of `kind` from plain values. where: source of the values, for errors.

    A single name is accepted where several are expected. Raises ConfigError for an unknown key (with the nearest known one)
    and for a value of the wrong type or range.
    """
    hints = typing.get_type_hints(kind, include_extras=True)
    for key, value in values.items():
        if key not in hints:
            near = difflib.get_close_matches(key, hints, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(hints)}"
            raise ConfigError(f"{where}: unknown key {key!r}", hint)
        values = {**values, key: _checked(value, hints[key], f"{where}: {key}")}
    try:
        return kind(**values)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}", error.hint) from None


def _checked(value: Any, hint: Any, where: str) -> Any:
    options = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    if value is None and type(None) in options:
        return None
    for kind in options:
        if kind == Seconds and isinstance(value, str):
            return named_seconds(value, where)
        if kind in (float, Seconds) and isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        if typing.get_origin(kind) is tuple and isinstance(value, (list, tuple)):
            return tuple(value)
        if kind == tuple[str, ...] and isinstance(value, str):  # a single name
            return (value,)
        if typing.get_origin(kind) is dict and isinstance(value, dict):  # numbers by name
            return {str(key): _checked(number, typing.get_args(kind)[1], f"{where}: {key}") for key, number in value.items()}
        if kind in (int, str, bool) and type(value) is kind:
            return value
    wanted = " or ".join("a duration" if o == Seconds else getattr(o, "__name__", str(o)) for o in options if o is not type(None))
    raise ConfigError(f"{where} must be {wanted}, not {value!r}")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises ConfigError with the file and the line."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None


RENAMED = {"told": "season_input", "told_without": "season_input_without"}  # old keys of recipes and stored runs


def current_keys(values: Any) -> Any:
    """Return plain values with old keys renamed, at every depth."""
    if isinstance(values, dict):
        return {RENAMED.get(key, key): current_keys(value) for key, value in values.items()}
    return values


def to_mapping(settings: Any) -> dict[str, Any]:
    """Return the plain values of a settings object, for JSON."""
    return dataclasses.asdict(settings)


NO_SUMS = HierarchyConfig()
