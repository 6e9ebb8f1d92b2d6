"""Throughput in windows trained and series forecast per CPU second, compared with other programs on the same data.

    python -m benchmarks.throughput [--series 2000] [--rows 512] [--repeat 5] [--peer .venv-peers/bin/python]

Training: context 512, horizon 48, 64 windows per step; tsattn trains eight origins per window. Forecasting: the network in the
package without ensemble, 48 steps, compared with the same network in eager PyTorch on windows of full context, and with
statsforecast's AutoETS on a hundredth of the series. --peer: Python of an environment with neuralforecast (benchmarks/peers),
to train its LSTM and PatchTST with about the same number of parameters and to forecast with its LSTM. All use one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch and ONNX Runtime are loaded

from benchmarks.family import Clock
from benchmarks.program import run
from tsattn.config import ModelConfig, TrainConfig
from tsattn.data.panel import Panel
from tsattn.forecasting.predict import predict

CONTEXT, HORIZON, BATCH = 512, 48, 64
STEPS = 24


def panel_of(series: int, rows: int) -> Panel:
    """Return hourly series with a daily cycle, different levels and noise."""
    rng = np.random.default_rng(0)
    cycle = np.sin(np.arange(rows) * 2 * np.pi / 24)
    values = 10 + rng.gamma(2, 5, (series, 1)) + rng.gamma(2, 1, (series, 1)) * cycle + rng.standard_normal((series, rows))
    return Panel.from_arrays(list(values), freq="h")


def spent(work: Callable[[], object], repeat: int) -> float:
    """Return the median CPU seconds of `work`."""
    times = []
    for _ in range(repeat):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def train_ours() -> list[dict[str, object]]:
    from tsattn.training.fit import choose_weights
    from tsattn.training.run_options import RunOptions

    clock = Clock()
    model = ModelConfig(context=CONTEXT, horizon=HORIZON)
    train = TrainConfig(steps=STEPS, batch=BATCH, device="cpu", precision="fp32")
    with tempfile.TemporaryDirectory() as state:
        _, fitted = choose_weights(panel_of(32, 2000), model, train, RunOptions(state=Path(state), on_progress=clock))
    return [{"what": "training", "who": "tsattn", "parameters": fitted.parameters, "rate": BATCH / clock.step}]


def forecast_ours(panel: Panel, repeat: int) -> list[dict[str, object]]:
    from tsattn.model import runtime
    from tsattn.workspace import shipped

    ref = shipped()
    assert ref is not None
    onnx = runtime.load(ref.path, "onnx")
    network = runtime._torch(ref.path)
    eager = runtime.of_network(network, onnx.card)
    eager.run = runtime._run_of(network)  # windows of full context
    rows: list[dict[str, object]] = []
    for who, forecaster in (("tsattn", onnx), ("the same network, eager torch", eager)):
        seconds = spent(lambda f=forecaster: predict(f, panel, horizon=HORIZON), repeat)
        rows.append({"what": "forecasting", "who": who, "parameters": onnx.card.fitted.parameters, "rate": len(panel) / seconds})
    return rows


def forecast_ets(panel: Panel) -> list[dict[str, object]]:
    from tsattn.forecasting.baselines import baseline

    count = max(1, len(panel) // 100)
    some = Panel.from_arrays([panel.history(i) for i in range(count)], freq="h")
    seconds = spent(lambda: predict(baseline("auto-ets", 24), some, horizon=HORIZON), 1)
    return [{"what": "forecasting", "who": "statsforecast AutoETS", "parameters": None, "rate": count / seconds}]


def peers(python: str, panel: Panel) -> list[dict[str, object]]:
    """Return the throughput of neuralforecast, run by its own Python."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("train", panel_of(32, 2000)), ("forecast", panel)):
            np.save(Path(folder) / f"{name}.npy", np.stack([data.history(i) for i in range(len(data))]))
        script = str(Path(__file__).with_name("peers") / "neuralforecast_throughput.py")
        command = [python, script, folder, str(CONTEXT), str(HORIZON), str(BATCH), str(STEPS)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return list(json.loads(done.stdout.splitlines()[-1]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=512, help="rows per series to forecast")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--peer", help="Python of an environment with neuralforecast")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    panel = panel_of(options.series, options.rows)
    rows = [*train_ours(), *forecast_ours(panel, options.repeat), *forecast_ets(panel)]
    rows += peers(options.peer, panel) if options.peer else []
    for row in rows:
        ours = next(one["rate"] for one in rows if one["what"] == row["what"])
        row["ratio"] = ours / row["rate"]  # type: ignore[operator]
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    table = Table(title=f"throughput per CPU second, series of {options.rows} steps")
    for column in ("what", "who", "parameters", "windows or series", "speed-up of tsattn"):
        table.add_column(column, justify="left" if column in ("what", "who") else "right")
    for row in sorted(rows, key=lambda row: str(row["what"]), reverse=True):
        table.add_row(
            *(str(row["what"]), str(row["who"]), str(row["parameters"] or ""), f"{row['rate']:.1f}", f"{row['ratio']:.2f}")
        )
    Console().print(table)
    return 0


if __name__ == "__main__":
    run(main)
