"""Model card (config.json): architecture, training, scores and checksums of a model. Does not import torch."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsattn.config import ModelConfig, TrainConfig, from_mapping, to_mapping
from tsattn.data.freq import Freq
from tsattn.data.panel import Schema
from tsattn.errors import ArtifactError, ConfigError

FORMAT_VERSION = 1
ANY_FREQ = "any"  # a model for every frequency, without covariates
UNCHANGED = "zero-shot"  # `start` of a saved model with the weights of the package
CARD, WEIGHTS, GRAPH, TREES = "config.json", "model.safetensors", "model.onnx", "trees.safetensors"


@dataclass(frozen=True)
class Fitted:
    """Result of a training run.

    validation: mean scaled quantile loss on the validation tail; None without a tail, never NaN.
    """

    stopped: str  # "finished", "early", "time", "interrupted" or "paused"
    steps: int
    best_step: int
    validation: float | None
    seconds: float
    device: str
    precision: str
    parameters: int


@dataclass(frozen=True, repr=False)
class Card:
    """Contents of config.json. `source` and `scores` are plain JSON values, without training rows."""

    name: str
    freq: str
    horizon: int
    quantiles: tuple[float, ...]
    inputs: dict[str, int]  # widths of the network's inputs: past, known, static
    schema: Schema
    model: ModelConfig
    train: TrainConfig
    fitted: Fitted
    tz: str | None = None
    members: tuple[str, ...] = ()  # ensemble members, unless --members names others
    zero_shot: float = 0.0  # share of the zero-shot ensemble in the forecast, unless --members names others
    leads: bool = False  # True if leading series are used, as with --joint, unless --members is given
    trees: float = 0.0  # share of the trees in the median of the forecast, unless --members is given
    tree_width: float = 1.0  # factor on the widths of a forecast that the trees correct
    start: str = "from scratch"  # or "fine-tuned"; or "zero-shot" for the unchanged model in the package
    contest: list[dict[str, Any]] = dataclasses.field(default_factory=list)  # validation scores of the candidates
    source: dict[str, Any] = dataclasses.field(default_factory=dict)
    scores: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    created: str = ""  # ISO 8601, UTC
    tsattn_version: str = ""
    files: dict[str, str] = dataclasses.field(default_factory=dict)  # file name -> SHA-256
    format_version: int = FORMAT_VERSION

    def __repr__(self) -> str:
        made = self.untrained or f"{self.start}, {self.fitted.steps:,} steps"
        return f"<Card {self.name}: {', '.join(self.schema.target)}, {self.horizon} steps of {self.freq}; {made}>"

    @property
    def scored_as(self) -> str:
        """Name of the model in `scores`. An ensemble and its network alone have different names."""
        parts = {" + members": self.members, " + zero-shot": self.zero_shot, " + trees": self.trees, ", joint": self.leads}
        return self.name + "".join(part for part, used in parts.items() if used)

    @property
    def has_seen_data(self) -> bool:
        """True if weights or trees were fitted to the user's rows; False for zero-shot, also where it was saved unchanged."""
        return self.freq != ANY_FREQ and not self.is_unchanged

    @property
    def is_unchanged(self) -> bool:
        """True for a model that was saved as it came in the package: nothing was fitted to the user's rows."""
        return self.start == UNCHANGED and not self.trees

    @property
    def untrained(self) -> str:
        """The reason why zero-shot was saved; "" for a model that was trained."""
        if self.fitted.steps or self.trees:
            return ""
        short = self.is_unchanged and not self.contest  # no candidates were compared
        why = "the series are too short for validation windows" if short else "training did not beat zero-shot"
        return f"{why}; the zero-shot model was saved {'with leads between series' if self.leads else 'unchanged'}"

    def to_json(self) -> str:
        """Return the text of config.json, with a digest that detects later changes."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for name in ("schema", "model", "train", "fitted"):
            values[name] = to_mapping(values[name])
        return json.dumps(sealed(values), indent=2, allow_nan=False)


def sealed(values: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of a card with their SHA-256 as `digest`, which guards against accidental changes."""
    text = json.dumps({key: value for key, value in values.items() if key != "digest"}, sort_keys=True)
    return {**values, "digest": hashlib.sha256(text.encode()).hexdigest()}


def read_card(folder: Path) -> Card:
    """Read config.json of a model folder.

    Raises ArtifactError if the file is missing, damaged, not a model card, or of a newer format version.
    """
    path = Path(folder) / CARD
    retrain = "train the model again with `tsattn train`, or give another one with --model"
    try:
        values = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ArtifactError(f"{folder} is not a model folder: it has no {CARD}", retrain) from None
    except (ValueError, OSError, RecursionError) as error:
        raise ArtifactError(f"{path} is damaged: {error}", retrain) from None
    found = values.get("format_version") if isinstance(values, dict) else None
    if type(found) is not int:
        raise ArtifactError(f"{path} is not a tsattn model card", retrain)
    if not 1 <= found <= FORMAT_VERSION:
        raise ArtifactError(
            f"{path} has format version {found}; this tsattn reads up to {FORMAT_VERSION}", "upgrade: pip install -U tsattn"
        )
    if values.pop("digest", None) != sealed(values)["digest"]:
        raise ArtifactError(f"{path} is not the file that was saved: it was changed, or another program wrote it", retrain)
    try:
        parts: dict[str, Any] = {"schema": Schema, "model": ModelConfig, "train": TrainConfig, "fitted": Fitted}
        for name, kind in parts.items():
            values[name] = from_mapping(kind, values[name], f"{path}: {name}")
        values["quantiles"] = tuple(float(q) for q in values["quantiles"])
        values["members"] = _names(values.get("members", []))
        values["inputs"] = {name: int(values["inputs"][name]) for name in ("past", "known", "static")}
        card = Card(**values)
        _check(card)
        return card
    except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise ArtifactError(f"{path} is damaged: {error}", retrain) from None


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked_file(folder: Path, name: str, card: Card) -> Path:
    """Return the path of a file of a model folder. Raises ArtifactError if it is missing or was changed."""
    path = Path(folder) / name
    if not path.is_file():
        raise ArtifactError(f"{path} is missing", "train the model again with `tsattn train`")
    if digest(path) != card.files.get(name):
        raise ArtifactError(f"{path} is not the file that was saved: it was changed or truncated", "train the model again")
    return path


def _names(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(name, str) for name in values):
        raise ValueError(f"members must be a list of names, not {values!r}")
    return tuple(values)


def _check(card: Card) -> None:
    """Raise ValueError if a field has the wrong type or range, or ConfigError for an unknown frequency."""
    plain = {
        "name": str,
        "freq": str,
        "horizon": int,
        "source": dict,
        "scores": list,
        "contest": list,
        "start": str,
        "files": dict,
        "leads": bool,
    }
    plain |= {"created": str, "tsattn_version": str, "tz": str if card.tz is not None else type(None)}
    for name, kind in plain.items():
        if type(getattr(card, name)) is not kind:
            raise ValueError(f"{name} must be {kind.__name__}, not {getattr(card, name)!r}")
    if card.zero_shot == 1:
        raise ValueError("zero_shot must be less than 1")
    for name in ("zero_shot", "trees", "tree_width"):
        share = getattr(card, name)
        if type(share) is not float or not 0 <= share <= 1:
            raise ValueError(f"{name} must be a number from 0 to 1, not {share!r}")
    if card.horizon < 1 or min(card.inputs.values()) < 0:
        raise ValueError(f"horizon {card.horizon} and inputs {card.inputs} must be positive")
    if not card.quantiles or list(card.quantiles) != sorted(set(card.quantiles)):
        raise ValueError(f"quantiles must increase, not {card.quantiles}")
    if card.freq != ANY_FREQ:
        Freq.parse(card.freq)
