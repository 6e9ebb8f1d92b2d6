"""Model folders that are truncated, mixed up, contain absurd numbers or point outside."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

from benchmarks.soak import made
from benchmarks.soak.worker import ROOT, Worker

ABSURD = (
    -1,
    0,
    1 << 62,
    1e308,
    float("nan"),
    float("inf"),
    True,
    None,
    "",
    "x",
    "9" * 400,
    [],
    {},
    [[]],
    ["x"] * 3,
    "../../etc/passwd",
)
MODEL = ROOT / "tsattn" / "zero_shot"


class ModelFolders:
    """Campaign whose cases damage a copy of the model in the package, half of them with matching hashes, and forecast."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def case(self, dice: random.Random, folder: Path) -> str:
        made.write_csv(folder / "data.csv", made.rows(["a", "b"], 72))
        model = folder / "model"
        shutil.copytree(MODEL, model)
        how = dice.choice([_truncate, _flip, _remove, _swap, _numbers, _numbers, _card_text, _external])
        how(dice, model)
        if dice.random() < 0.5:
            _rehash(model)
        words = ["forecast", "data.csv", "--model", "./model", "--members", "network", "--horizon", "6"]
        answer = self.worker.ask(words, folder)
        return f"{how.__name__.strip('_')}: exit {answer.code}"


def _files(model: Path) -> list[Path]:
    return sorted(path for path in model.iterdir() if path.is_file())


def _truncate(dice: random.Random, model: Path) -> None:
    path = dice.choice(_files(model))
    path.write_bytes(path.read_bytes()[: dice.randrange(max(1, path.stat().st_size))])


def _flip(dice: random.Random, model: Path) -> None:
    path = dice.choice(_files(model))
    content = bytearray(path.read_bytes())
    for _ in range(dice.randint(1, 20)):
        content[dice.randrange(min(len(content), dice.choice([64, 4096, len(content)])))] = dice.randrange(256)
    path.write_bytes(content)


def _remove(dice: random.Random, model: Path) -> None:
    dice.choice(_files(model)).unlink()


def _swap(dice: random.Random, model: Path) -> None:
    one, other = dice.sample(_files(model), 2)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def _numbers(dice: random.Random, model: Path) -> None:
    """Put an absurd value somewhere into config.json."""
    card = json.loads((model / "config.json").read_text("utf-8"))
    at: Any = card
    while True:
        key = dice.choice(list(at) if isinstance(at, dict) else range(len(at)))
        if not isinstance(at[key], (dict, list)) or not at[key] or dice.random() < 0.2:
            break
        at = at[key]
    at[key] = dice.choice(ABSURD)
    (model / "config.json").write_text(json.dumps(card), "utf-8")


def _card_text(dice: random.Random, model: Path) -> None:
    texts = ("", "null", "[]", "{}", "[" * 100_000, '{"format_version": 1}', "\x00", "NaN", '"x"', "\ud800")
    (model / "config.json").write_bytes(dice.choice(texts).encode("utf-8", "surrogatepass"))


def _external(dice: random.Random, model: Path) -> None:
    """Move a weight of the graph to an external file."""
    import onnx

    path = model / "model.onnx"
    graph = onnx.load(path)
    tensor = dice.choice(list(graph.graph.initializer))
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", dice.choice(["/etc/passwd", "../data.csv", "model.safetensors"])), ("offset", "0")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    path.write_bytes(graph.SerializeToString())


def _rehash(model: Path) -> None:
    """Update the hashes in the card to match the files, as an attacker would."""
    try:
        card = json.loads((model / "config.json").read_text("utf-8"))
        card["files"] = {
            name: hashlib.sha256((model / name).read_bytes()).hexdigest() for name in card["files"] if (model / name).is_file()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
    (model / "config.json").write_text(json.dumps(card), "utf-8")
