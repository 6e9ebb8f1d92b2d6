"""Cases of a campaign: each has its own seed, its result is stored, and results are counted as tried, held or broke."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


class Harm(Exception):
    """Failure of a case: something that must never happen."""


Case = Callable[[random.Random, Path], str]  # tries one case in an empty folder; returns how it held, or raises Harm


@dataclass
class Tally:
    """Results of the cases of one campaign."""

    name: str
    held: Counter[str] = field(default_factory=Counter)
    broke: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        return self.held.total() + len(self.broke)

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.held.items()))
        return f"{self.name}: tried {self.tried:,}, held {self.held.total():,} ({kinds}), broke {len(self.broke):,}"


def run_cases(name: str, folder: Path, total: int, seed: int, case: Case, *, quiet: bool = False) -> Tally:
    """Run the cases without a result in `folder`, and count all results. Keeps the folders of failed cases.

    A case depends only on the seed and its number, so an interrupted campaign can be continued.
    """
    kept, tally = folder / f"{name}-{seed}.jsonl", Tally(name)
    folder.mkdir(parents=True, exist_ok=True)
    done = {row["case"]: row for row in map(json.loads, kept.read_text("utf-8").splitlines())} if kept.exists() else {}
    with kept.open("a", encoding="utf-8") as log:
        for number in range(total):
            row = done.get(number)
            if row is None:
                row = _try(name, folder, seed, number, case)
                log.write(json.dumps(row) + "\n")
                log.flush()
            if "broke" in row:
                tally.broke.append(f"case {number}: {row['broke']}")
            else:
                tally.held[row["held"]] += 1
            if not quiet and (number + 1) % max(1, total // 10) == 0:
                print(tally, flush=True)
    return tally


def _try(name: str, folder: Path, seed: int, number: int, case: Case) -> dict[str, object]:
    place = folder / f"{name}-{seed}-{number}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    began = time.monotonic()
    try:
        row: dict[str, object] = {"case": number, "held": case(random.Random(f"{seed}/{name}/{number}"), place)}
        shutil.rmtree(place, ignore_errors=True)
    except Harm as harm:
        row = {"case": number, "broke": str(harm)[:2000], "folder": str(place)}
    return {**row, "seconds": round(time.monotonic() - began, 2)}
