"""Trees in a model folder: their arrays in safetensors, with the layout of their rows as metadata."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tsattn.errors import ArtifactError
from tsattn.forecasting.trees.forest import Forest
from tsattn.forecasting.trees.regressors import Layout
from tsattn.forecasting.trees.tree_correction import Trees
from tsattn.model.card import TREES, Card, checked_file


def write_trees(path: Path, trees: Trees) -> None:
    """Write the file of trees."""
    about = {"layout": json.dumps(dataclasses.asdict(trees.layout)), "depth": str(trees.forest.depth)}
    save_file(trees.forest.arrays(), path, about)


def read_trees(folder: Path, card: Card) -> Trees:
    """Load the trees of a model folder. Raises ArtifactError if their file is missing, was changed or is damaged."""
    path = checked_file(folder, TREES, card)
    try:
        with safe_open(path, "numpy") as file:
            about = file.metadata()
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        return Trees(Layout(**json.loads(about["layout"])), Forest(**arrays, depth=int(about["depth"])))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} is damaged: {error}", "train the model again") from None
