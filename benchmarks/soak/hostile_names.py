"""Names of items and columns with control characters, markup and separators, in every output."""

from __future__ import annotations

import csv
import json
import random
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from benchmarks.soak import made
from benchmarks.soak.campaign import Harm
from benchmarks.soak.worker import Worker

PARTS = (
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x9b31m",
    "\x08\x08",
    "\x7f",
    "\u202e",
    "\u2066",
    "\u2028",
    "\ufeff",
    "\ufffe",
    "\U000e0001",
    "\nerror: forged",
    "\r\n2026-01-01 00:00:00 info a: done",
    "\t",
    '"',
    "'",
    ",",
    ";",
    "<script>",
    "</svg>",
    "&amp;",
    "]]>",
    "%s",
    "${HOME}",
    "$\\frac{$",
    "{item_id}",
    "../..",
    "CON",
    "a" * 300,
    "販売",
    "é",
    "🏬",
    " ",
    "'; DROP TABLE f; --",
    "=1+1",
    "\\x1b",
    "#",
    "?",
)
FORBIDDEN = {*map(chr, [*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)]), "\u202e", "\u2066", "\u2028"}


def name(dice: random.Random, number: int) -> str:
    """Return a hostile name that no other item has."""
    return "".join(dice.choices(PARTS, k=dice.randint(1, 4))) + f"{number}"


class HostileNames:
    """Campaign whose cases write a table of hostile names and read all outputs of it."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def case(self, dice: random.Random, folder: Path) -> str:
        ids = [name(dice, number) for number in range(4)]
        path = made.write_job(folder, outputs=["f.csv", "f.parquet", "f.json", "f.jsonl", "all/", "sqlite:///out.db#f"])
        made.write_csv(folder / "data.csv", made.rows(ids, 48))
        usual = ["--model", "zero-shot", "--members", "network", "--horizon", "6"]
        said = self.worker.ask(["ingest", "data.csv"], folder)
        if said.code:
            _tame(said.out + said.err)
            return f"refused by ingest (exit {said.code})"
        for words in (
            ["forecast", "data.csv", *usual, "--plot", "terminal"],
            ["forecast", "data.csv", *usual, "--plot", "p.svg", "--json"],
            ["forecast", "data.csv", *usual, "--plot", "p.html"],
            ["run", str(path)],
            ["run", str(path), "--json", "--json-logs"],
            ["runs"],
        ):
            answer = self.worker.ask(words, folder)
            _tame(answer.out + answer.err)
            if "--json" in words:
                json.loads(answer.out)
        self._files(folder, set(ids))
        return "all outputs"

    def _files(self, folder: Path, ids: set[str]) -> None:
        import pyarrow.parquet as pq

        ElementTree.parse(folder / "p.svg")
        page = (folder / "p.html").read_text("utf-8")
        _tame(page)
        if "<script>" in page:
            raise Harm("a name is a script in the page")
        with (folder / "f.csv").open(encoding="utf-8", newline="") as file:
            found = {"f.csv": {row["item_id"] for row in csv.DictReader(file)}}
        found["f.parquet"] = set(pq.read_table(folder / "f.parquet")["item_id"].to_pylist())
        found["f.json"] = {row["item_id"] for row in json.loads((folder / "f.json").read_text("utf-8"))}
        found["f.jsonl"] = {json.loads(line)["item_id"] for line in (folder / "f.jsonl").read_text("utf-8").split("\n") if line}
        found["the table"] = {row[1] for row in made.stored(folder / "out.db")}
        for where, names in found.items():
            if names != ids:
                raise Harm(f"{where}: {sorted(names ^ ids)!r} are in the data or in the output alone")


def _tame(text: str) -> None:
    if bad := set(text) & FORBIDDEN:
        raise Harm(f"{sorted(bad)!r} reach the terminal or a page")
    if forged := [line for line in text.splitlines() if line.startswith(("error: forged", "2026-01-01 00:00:00 info a: done"))]:
        raise Harm(f"a name forged the line {forged[0]!r}")
