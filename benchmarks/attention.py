"""Time and memory of one layer of full, window and linear attention by number of tokens, with the exponents of growth.

    python -m benchmarks.attention [--tokens 512,…,32768] [--memory 4096] [--repeat 3]

Each measurement runs in a process of its own: one thread, forward pass, width 160, 5 heads, window 64. Time is CPU seconds,
memory is the rise of the process's peak. Layers expected to need more than --memory MiB are skipped.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import resource
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from tsattn.config import ModelConfig
from tsattn.nn.attention import rotary_angles
from tsattn.nn.blocks import ATTENTION

CONFIG = ModelConfig(window=64)
TOKENS = tuple(512 * 2**i for i in range(7))


def expected(kind: str, tokens: int) -> float:
    """Return the approximate memory of a layer, in MiB."""
    seen = {"full": tokens, "window": 2 * CONFIG.window, "linear": CONFIG.width}[kind]
    return 4 * tokens * (3 * CONFIG.heads * seen + 12 * CONFIG.width) / 2**20


def measure(kind: str, tokens: int, repeat: int) -> dict[str, Any]:
    """Return the CPU seconds of the fastest run, and the rise of the process's peak memory in MiB."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    layer = ATTENTION[kind](CONFIG).eval()
    x, there = torch.randn(1, tokens, CONFIG.width), torch.ones(1, tokens, dtype=torch.bool)
    angles = rotary_angles(tokens, CONFIG.width // CONFIG.heads)
    before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    with torch.no_grad():
        for _ in range(repeat):
            start = time.process_time()
            layer(x, layer.mask(there, angles, x.dtype))
            seconds.append(time.process_time() - start)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"kind": kind, "tokens": tokens, "seconds": min(seconds), "mib": peak}


def slope(rows: Sequence[dict[str, Any]], column: str) -> float:
    """Return the exponent of growth over the last two doublings: 1 is linear, 2 quadratic."""
    known = [row for row in rows if row[column] > 0][-3:]
    return math.log(known[-1][column] / known[0][column]) / math.log(known[-1]["tokens"] / known[0]["tokens"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attention", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tokens", default=",".join(map(str, TOKENS)), help="numbers of tokens")
    parser.add_argument("--memory", type=float, default=4096, help="skip layers that need more memory, in MiB")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each layer; the fastest counts")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the table on stderr")
    options = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    for kind in ATTENTION:
        for tokens in map(int, options.tokens.split(",")):
            if expected(kind, tokens) > options.memory:
                continue
            with multiprocessing.get_context("fork").Pool(1) as alone:
                rows.append(alone.apply(measure, (kind, tokens, options.repeat)))
    Console(stderr=options.json).print(render(rows))
    if options.json:
        print(json.dumps(rows, indent=2))
    return 0


def render(rows: Sequence[dict[str, Any]]) -> Table:
    """Return a table with one row per number of tokens, and the exponents in the last row."""
    table = Table(title="one layer, width 160, one thread")
    table.add_column("tokens", justify="right")
    for kind in ATTENTION:
        table.add_column(f"{kind}, ms", justify="right")
        table.add_column("MiB", justify="right")
    found = {(row["kind"], row["tokens"]): row for row in rows}
    for tokens in sorted({row["tokens"] for row in rows}):
        cells = []
        for kind in ATTENTION:
            row = found.get((kind, tokens))
            cells += [f"{1000 * row['seconds']:.1f}", f"{row['mib']:.0f}"] if row else ["–", "–"]
        table.add_row(str(tokens), *cells)
    slopes = []
    for kind in ATTENTION:
        own = [row for row in rows if row["kind"] == kind]
        slopes += [f"{slope(own, column):.2f}" if len(own) > 1 else "–" for column in ("seconds", "mib")]
    table.add_row("exponent", *slopes, style="bold")
    return table


if __name__ == "__main__":
    sys.exit(main())
