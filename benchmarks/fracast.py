"""Zero-shot forecasts compared with fracast, another small network whose weights come inside its package.

    pip install fracast
    python -m benchmarks.fracast --data PATH [--set ett1/H/short] [--series 500] [--repeat 5] [--json]

In one run: accuracy on the test windows of the open sets (fracast; the network in this package alone, and in an ensemble), series
forecast in a CPU second with one thread (hourly series of 512 rows, 48 steps), and the seconds of a whole process that imports
the package, loads the weights and forecasts one series. fracast's published training data hold the open sets; ours do not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch and ONNX Runtime are loaded

from benchmarks.gift_eval import evaluate, forecaster
from benchmarks.program import run
from benchmarks.sets import full_name, load_set
from benchmarks.throughput import HORIZON, panel_of, spent
from tsattn.data.windows import WindowBatch
from tsattn.errors import ConfigError
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.predict import predict

SETS = ("ett1/H/short", "ett1/H/medium", "ett1/H/long", "ett1/15T/short", "m4_hourly/H/short")
ROWS = 512  # of each series in the measurement of speed
_SERIES = "10 + np.sin(np.arange(512) * 2 * np.pi / 24)"
PROCESSES = {
    "fracast": f"import numpy as np; from fracast import FracastModel; FracastModel.from_pretrained().forecast({_SERIES})",
    "tsattn, network": f"import numpy as np; import tsattn; tsattn.load('zero-shot', members='network').predict({_SERIES})",
    "tsattn, ensemble": f"import numpy as np; import tsattn; tsattn.load('zero-shot').predict({_SERIES})",
}


class Fracast:
    """fracast as a Forecaster, with its own default weights; it handles scale, gaps and horizons beyond 48 steps itself."""

    name = "fracast"
    covariates = False

    def __init__(self) -> None:
        try:
            from fracast import FracastModel
        except ImportError:
            raise ConfigError("fracast is not installed", "pip install fracast") from None
        self.model = FracastModel.from_pretrained()
        self.context = int(self.model.context_length)
        self.quantiles = tuple(self.model.quantiles)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        """Return the forecasts (B, H, Q), float32."""
        return np.asarray(self.model.forecast_batch(batch.past_target, horizon=batch.horizon), np.float32)


def accuracy(data: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row per set and model."""
    rows = []
    for name in names:
        panel, _, _, season = load_set(data, name)
        network = forecaster("zero-shot", panel, season)
        models = [Fracast(), network, combine(network)]
        result = evaluate(data, name, models)
        for model in models:
            scores = {metric: float(result.score(model.name, metric)) for metric in ("MASE", "WQL", "coverage")}
            rows.append({"set": name, "model": model.name, **scores})
    return rows


def speed(series: int, repeat: int) -> list[dict[str, Any]]:
    """Return series forecast per CPU second of one thread."""
    panel, season = panel_of(series, ROWS), 24
    network = forecaster("zero-shot", panel, season)
    rows = []
    for model in (Fracast(), network, combine(network)):
        predict(model, panel, horizon=HORIZON)  # the first call traces and fills caches
        seconds = spent(lambda model=model: predict(model, panel, horizon=HORIZON), repeat)  # type: ignore[misc]
        rows.append({"model": model.name, "series per second": series / seconds})
    return rows


def start(repeat: int) -> list[dict[str, Any]]:
    """Return the median wall-clock seconds of whole processes, interleaved."""
    times: dict[str, list[float]] = {name: [] for name in PROCESSES}
    for _ in range(repeat + 1):  # the first run fills caches and does not count
        for name, code in PROCESSES.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
            times[name].append(time.perf_counter() - began)
    return [{"model": name, "seconds": statistics.median(found[1:])} for name, found in times.items()]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fracast", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--set", action="append", help=f"a set; repeatable; default: {', '.join(SETS)}")
    parser.add_argument("--series", type=int, default=500, help="series in the measurement of speed")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions of which the median counts")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the tables on stderr")
    options = parser.parse_args(arguments)
    console = Console(stderr=options.json)
    found = {
        "accuracy": accuracy(options.data, [full_name(name) for name in options.set or SETS]),
        "speed": speed(options.series, options.repeat),
        "start": start(options.repeat),
    }
    for title, rows in found.items():
        table = Table(*rows[0], title=title)
        for row in rows:
            table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
        console.print(table)
    if options.json:
        print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    run(main)
