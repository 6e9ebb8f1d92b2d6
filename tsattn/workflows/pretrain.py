"""Pre-train in slices on synthetic series, or on a mixture of these and real ones; save a model that fits any frequency."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from tsattn.atomic import write_atomic
from tsattn.config import ModelConfig, TrainConfig, current_keys, from_mapping, read_toml, to_mapping
from tsattn.data.corpus.config import CorpusConfig
from tsattn.data.panel import Schema
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.ensemble.ensemble import DEFAULT
from tsattn.model.card import ANY_FREQ, Card, Fitted
from tsattn.workflows.results import Drawn, Pretrained

BEFORE = "before.json"  # in the folder of a pre-training: the run whose weights it started from
RECIPE = resources.files("tsattn") / "zero_shot" / "recipe.toml"  # the recipe of the weights in the package


@dataclass(frozen=True)
class Recipe:
    """Settings that determine the weights: network, schedule and mixture of series."""

    model: ModelConfig
    train: TrainConfig
    synthetic: Any  # SyntheticConfig, whose package is slow to import
    corpus: CorpusConfig | None = None  # None where the recipe has no such table


def read_recipe(path: Path | None) -> Recipe:
    """Read a recipe from a TOML file with tables [model], [train], [synthetic] and [corpus]; by default the committed one.

    Raises ConfigError for unknown tables, keys and bad values.
    """
    from tsattn.synthetic.config import SyntheticConfig

    where = str(path) if path else "the recipe"
    values = current_keys(read_toml(path if path else Path(str(RECIPE))))
    kinds: dict[str, Any] = {"model": ModelConfig, "train": TrainConfig, "synthetic": SyntheticConfig, "corpus": CorpusConfig}
    for table in values:
        if table not in kinds:
            raise ConfigError(f"{where}: unknown table [{table}]", f"use {', '.join(f'[{kind}]' for kind in kinds)}")
    made = {name: from_mapping(kind, values.get(name, {}), f"{where} [{name}]") for name, kind in kinds.items()}
    return Recipe(**{**made, "corpus": made["corpus"] if "corpus" in values else None})


def read_corpus(recipe: Recipe, paths: Sequence[Path]) -> tuple[Any, CorpusConfig] | None:
    """Open the corpus in `paths` with the settings of the recipe; None when the recipe and the caller name none.

    Raises ConfigError when the recipe has a table [corpus] and there is no file to it.
    """
    if not paths:
        if recipe.corpus is not None:
            raise ConfigError(
                "the recipe has a table [corpus], but no corpus is given", "add --corpus FILE.parquet, or remove the table"
            )
        return None
    from tsattn.data.corpus.store import Corpus

    return Corpus(paths), recipe.corpus or CorpusConfig()


def draw_gallery(recipe: Recipe, corpus: Sequence[Path], path: Path) -> Drawn:
    """Draw some series of each generator and of each source of the corpus into a PNG. Raises ConfigError."""
    from tsattn.atomic import write_atomic
    from tsattn.data.sinks import checked_suffix
    from tsattn.synthetic.gallery import gallery

    target = checked_suffix(path, (".png",))
    found = read_corpus(recipe, corpus)
    with write_atomic(target) as beside:
        gallery(recipe.synthetic, beside, recipe.train.seed, found)
    return Drawn(target)


def run(
    recipe: Recipe,
    out: Path,
    *,
    start: Path | None = None,
    corpus: Sequence[Path] = (),
    resume: bool,
    pause: float | None,
    listener: Listener,
) -> Pretrained:
    """Pre-train for at most `pause` seconds (None: to the end of the schedule); save the model at the end of the schedule.

    start: the folder of a model of the same architecture, whose weights the run starts from. corpus: Parquet files of real
    series to mix with the synthetic ones.

    `out` gets `state`, which `resume` continues from to the same weights as one long run, and in the end `model`.
    """
    from tsattn.model import artifact
    from tsattn.training.checkpoint import clear_state
    from tsattn.training.lightning import learn
    from tsattn.training.profiler import DATA, Timeline
    from tsattn.training.run_options import RunOptions

    folder = out / "model"
    if folder.exists():
        raise ConfigError(f"{folder} already exists: this pre-training is finished", "choose another folder: --out FOLDER")
    source, timeline = _source(recipe, corpus, listener), Timeline(inside=False)
    if not resume:
        (out / BEFORE).unlink(missing_ok=True)
    first, before = None, _before(out)
    if start is not None and before is None:
        first, earlier = artifact.load_network(start)
        before = {"created": earlier.created, "train": to_mapping(earlier.train), **earlier.source}
        if earlier.train.seed == recipe.train.seed and current_keys(before.get("synthetic")) == to_mapping(recipe.synthetic):
            listener.note(
                f"the recipe has the same seed ({recipe.train.seed}) as the earlier run: its series repeat; choose another"
            )
        out.mkdir(parents=True, exist_ok=True)
        with write_atomic(out / BEFORE) as beside:
            beside.write_text(json.dumps(before), "utf-8")
    network, fitted = learn(
        source,
        recipe.model,
        recipe.train,
        RunOptions(out / "state", resume, on_progress=listener.progress, pause=pause, start=first, timeline=timeline),
    )
    share = timeline.share(DATA)
    if fitted.stopped in ("paused", "interrupted"):
        return Pretrained(out, None, fitted, recipe.train.steps, share)
    listener.note("saving the model and exporting it to ONNX")
    card = _card(network, recipe, fitted, before, source)
    artifact.save(folder, network, card)
    clear_state(out / "state")
    (out / BEFORE).unlink(missing_ok=True)
    return Pretrained(out, folder, fitted, recipe.train.steps, share)


def _source(recipe: Recipe, paths: Sequence[Path], listener: Listener) -> Any:
    """Return the training data: a mixture where a corpus is given, else synthetic series."""
    from tsattn.training.mixture_dataset import MixtureSource
    from tsattn.training.synthetic_dataset import SyntheticSource

    found = read_corpus(recipe, paths)
    if found is None:
        return SyntheticSource(recipe.synthetic, recipe.model, recipe.train)
    source = MixtureSource(*found, recipe.synthetic, recipe.model, recipe.train)
    rows = source.sources()
    trained = [row for row in rows if row["trained_on"]]
    series, observations = (sum(row[key] for row in trained) for key in ("series", "observations"))
    held = ", ".join(source.config.held_out) or "none"
    listener.note(
        f"corpus: {series:,} series, {observations:,} observations of {len(trained)} sources, {source.real} of "
        f"{recipe.train.batch} rows a batch; held out: {held}"
    )
    return source


def _before(out: Path) -> dict[str, Any] | None:
    """The run that the first slice of an interrupted pre-training started from."""
    try:
        return dict(json.loads((out / BEFORE).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def _card(network: Any, recipe: Recipe, fitted: Fitted, before: dict[str, Any] | None, learnt_from: Any) -> Card:
    source = {"synthetic": to_mapping(recipe.synthetic), "series": recipe.train.batch * fitted.steps}
    if hasattr(learnt_from, "sources"):
        source["corpus"] = {**learnt_from.identity["corpus"], "sources": learnt_from.sources()}
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
