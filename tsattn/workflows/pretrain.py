"""The pre-training verb: learn from synthetic series alone, in slices, and save a model that fits any frequency."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from tsattn.atomic import write_atomic
from tsattn.config import ModelConfig, TrainConfig, from_mapping, read_toml, to_mapping
from tsattn.data.panel import Schema
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.ensemble.ensemble import DEFAULT
from tsattn.model.card import ANY_FREQ, Card, Fitted
from tsattn.workflows.results import Pretrained

BEFORE = "before.json"  # in the folder of a pre-training: the run whose weights it went on from
RECIPE = resources.files("tsattn") / "zero_shot" / "recipe.toml"  # what the shipped weights were made by


@dataclass(frozen=True)
class Recipe:
    """All that decides what pre-training gives: the network, the schedule, the mixture of series."""

    model: ModelConfig
    train: TrainConfig
    synthetic: Any  # SyntheticConfig, whose room is slow to import


def read_recipe(path: Path | None) -> Recipe:
    """A recipe from a TOML file with tables [model], [train] and [synthetic]; the committed one when none is named.

    Raises ConfigError for unknown tables, keys and bad values.
    """
    from tsattn.synthetic.config import SyntheticConfig

    where = str(path) if path else "the recipe"
    values = read_toml(path if path else Path(str(RECIPE)))
    kinds: dict[str, Any] = {"model": ModelConfig, "train": TrainConfig, "synthetic": SyntheticConfig}
    for table in values:
        if table not in kinds:
            raise ConfigError(f"{where}: unknown table [{table}]", f"use {', '.join(f'[{kind}]' for kind in kinds)}")
    return Recipe(**{name: from_mapping(kind, values.get(name, {}), f"{where} [{name}]") for name, kind in kinds.items()})


def run(
    recipe: Recipe, out: Path, *, start: Path | None = None, resume: bool, pause: float | None, listener: Listener
) -> Pretrained:
    """Pre-train for `pause` seconds at most (None: to the end of the schedule); save the model once the schedule is over.

    start: the folder of a model of the same architecture, whose weights are gone on from.

    `out` gets `state`, which `resume` continues from to the same weights as one long run, and in the end `model`.
    """
    from tsattn.model import artifact
    from tsattn.training.checkpoint import clear_state
    from tsattn.training.lightning import learn
    from tsattn.training.run_options import RunOptions
    from tsattn.training.synthetic_dataset import SyntheticSource

    folder = out / "model"
    if folder.exists():
        raise ConfigError(f"{folder} exists already: that pre-training is over", "name another folder: --out FOLDER")
    source = SyntheticSource(recipe.synthetic, recipe.model, recipe.train)
    if not resume:
        (out / BEFORE).unlink(missing_ok=True)
    first, before = None, _before(out)
    if start is not None and before is None:
        first, earlier = artifact.load_network(start)
        before = {"created": earlier.created, "train": to_mapping(earlier.train), **earlier.source}
        if earlier.train.seed == recipe.train.seed and before.get("synthetic") == to_mapping(recipe.synthetic):
            listener.note(
                f"the recipe has the seed ({recipe.train.seed}) of the run before: its series come again; give it another one"
            )
        out.mkdir(parents=True, exist_ok=True)
        with write_atomic(out / BEFORE) as beside:
            beside.write_text(json.dumps(before), "utf-8")
    network, fitted = learn(
        source,
        recipe.model,
        recipe.train,
        RunOptions(state=out / "state", resume=resume, on_progress=listener.progress, pause=pause, start=first),
    )
    if fitted.stopped in ("paused", "interrupted"):
        return Pretrained(out, None, fitted, recipe.train.steps)
    listener.note("saving and checking the model")
    card = _card(network, recipe, fitted, before)
    artifact.save(folder, network, card)
    clear_state(out / "state")
    (out / BEFORE).unlink(missing_ok=True)
    return Pretrained(out, folder, fitted, recipe.train.steps)


def _before(out: Path) -> dict[str, Any] | None:
    """What the first slice of an interrupted pre-training went on from."""
    try:
        return dict(json.loads((out / BEFORE).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def _card(network: Any, recipe: Recipe, fitted: Fitted, before: dict[str, Any] | None) -> Card:
    source = {"synthetic": to_mapping(recipe.synthetic), "series": recipe.train.batch * fitted.steps}
    if before is not None:  # all that led to these weights, the newest first
        source["before"] = before
    return Card(
        name="zero-shot",
        freq=ANY_FREQ,
        horizon=recipe.model.horizon,
        quantiles=tuple(network.spec.quantiles),
        inputs={"past": 0, "known": 0, "static": 0},
        schema=Schema(),
        model=recipe.model,
        train=recipe.train,
        fitted=fitted,
        members=DEFAULT,
        start="zero-shot",
        source=source,
    )
