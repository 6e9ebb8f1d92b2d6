"""The search space of `tsattn tune`: one entry for each field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tsattn.config import to_mapping
from tsattn.workflows.plan import Plan

if TYPE_CHECKING:
    from optuna import Trial

Choices = Sequence[Any] | Callable[[Plan], Sequence[Any]]


@dataclass(frozen=True)
class Choice:
    """Field of [model] or [train] with its possible values, which always include the default of `train`."""

    table: str
    field: str
    values: Choices

    def allowed(self, plan: Plan) -> list[Any]:
        """Values for this data, as JSON types."""
        values = self.values(plan) if callable(self.values) else self.values
        return sorted({*values, usual(self, plan)}, key=lambda v: (str(type(v)), v))

    def suggest(self, trial: Trial, plan: Plan) -> Any:
        """The value for this trial."""
        return trial.suggest_categorical(self.field, self.allowed(plan))

    def says(self, plan: Plan) -> str:
        """Text that identifies the search range."""
        return f"{self.table}.{self.field} in {self.allowed(plan)}"


@dataclass(frozen=True)
class Range:
    """A field of [model] or [train] between two numbers, on a logarithmic scale."""

    table: str
    field: str
    low: float
    high: float

    def suggest(self, trial: Trial, plan: Plan) -> float:
        """The value for this trial."""
        return trial.suggest_float(self.field, self.low, self.high, log=True)

    def says(self, plan: Plan) -> str:
        """Text that identifies the search range."""
        return f"{self.table}.{self.field} from {self.low} to {self.high}"


Knob = Choice | Range


def _contexts(plan: Plan) -> list[int]:
    """Halves of the default context, down to two horizons or 32 steps."""
    made, least = [plan.model.context], max(32, 2 * plan.model.horizon)
    while made[-1] // 2 >= least:
        made.append(made[-1] // 2)
    return made


SPACE: tuple[Knob, ...] = (
    Choice("model", "context", _contexts),
    Choice("model", "patch", (4, 8, 16, 32)),
    Choice("model", "front_end", ("lstm", "gru", "none")),
    Choice("model", "encoder", ("full", "window", "linear")),
    Choice("model", "decoder", ("direct", "cross-attention")),
    Choice("model", "layers", (0, 1, 2, 4)),
    Choice("model", "width", (40, 80, 160)),  # multiples of twice the usual heads
    Choice("model", "dropout", (0.0, 0.1, 0.2)),
    Range("train", "learning_rate", 5e-4, 6e-3),
    Range("train", "weight_decay", 0.01, 0.3),
    Choice("train", "mixup", (0.0, 0.25, 0.5)),
)


def usual(knob: Knob, plan: Plan) -> Any:
    """The default of `train`."""
    return getattr(plan.model if knob.table == "model" else plan.train, knob.field)


def free(fixed: Mapping[str, Mapping[str, Any]]) -> tuple[Knob, ...]:
    """Entries of SPACE that the user did not set. fixed: {"model": {…}, "train": {…}}."""
    return tuple(knob for knob in SPACE if knob.field not in fixed[knob.table])


def settings(values: Mapping[str, Any], fixed: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Settings {"model": {…}, "train": {…}} of a trial: its values over the fixed ones, the context in whole patches."""
    made = {table: dict(fixed[table]) for table in ("model", "train")}
    for knob in SPACE:
        if knob.field in values:
            made[knob.table][knob.field] = values[knob.field]
    model = made["model"]
    if "context" in values and model.get("patch"):
        model["context"] = -(-model["context"] // model["patch"]) * model["patch"]
    return made


def differences(made: Mapping[str, Mapping[str, Any]], plan: Plan) -> dict[str, Any]:
    """Fields of a trial that differ from the defaults of `train`."""
    own = {"model": to_mapping(plan.model), "train": to_mapping(plan.train)}
    return {field: value for table in own for field, value in made[table].items() if own[table].get(field) != value}
