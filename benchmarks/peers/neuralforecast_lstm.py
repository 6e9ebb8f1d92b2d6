"""neuralforecast's LSTM with its defaults, trained on a set before its test windows and scored by tsattn's own code.

It wants an environment of its own, made once:

    python3.11 -m venv .venv-peers
    .venv-peers/bin/pip install -r benchmarks/peers/requirements.txt
    .venv-peers/bin/python -m benchmarks.peers.neuralforecast_lstm --data PATH --set ett1/H/short

(On Windows .venv-peers\\Scripts instead of .venv-peers/bin.) About a quarter of an hour on one core. Only the loss is not the
default: nine quantiles, which the scores need. The forecasts are written to a Parquet file, which
`python -m benchmarks.gift_eval --model FILE.parquet` scores again at any time.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.gift_eval import evaluate, plain, render
from benchmarks.recorded import Recorded
from benchmarks.sets import full_name, load_set
from tsattn.data.panel import Panel
from tsattn.forecast.frame import DEFAULT_QUANTILES, quantile_name


def long_frame(panel: Panel) -> pd.DataFrame:
    """The panel as neuralforecast wants it: unique_id, ds, y."""
    parts = [
        pd.DataFrame({"unique_id": name, "ds": panel.timestamps(i), "y": panel.history(i)})
        for i, name in enumerate(panel.item_ids)
    ]
    return pd.concat(parts, ignore_index=True)


def train_and_forecast(panel: Panel, horizon: int, windows: int, seed: int, max_steps: int | None) -> pd.DataFrame:
    """Fit once on everything before the test windows; the table of Forecast.to_arrow for all of them."""
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MQLoss
    from neuralforecast.models import LSTM

    limits = {} if max_steps is None else {"max_steps": max_steps}
    loss = MQLoss(quantiles=list(DEFAULT_QUANTILES))
    quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    model = LSTM(h=horizon, loss=loss, random_seed=seed, **limits, **quiet)
    runner = NeuralForecast(models=[model], freq=panel.freq.alias)
    found = runner.cross_validation(long_frame(panel), n_windows=windows, step_size=horizon, refit=False)
    columns = [c for c in found.columns if c.startswith("LSTM")]
    if len(columns) != len(DEFAULT_QUANTILES):
        raise RuntimeError(f"expected {len(DEFAULT_QUANTILES)} quantile columns of LSTM, got {columns}")
    values = np.sort(found[columns].to_numpy(np.float32), 1)  # it does not keep its quantiles from crossing
    labels = found[["unique_id", "cutoff", "ds"]].set_axis(["item_id", "cutoff", "timestamp"], axis=1)
    named = pd.DataFrame(values, columns=[quantile_name(q) for q in DEFAULT_QUANTILES], index=labels.index)
    return pd.concat([labels, named], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.neuralforecast_lstm", description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--set", default="ett1/H/short")
    parser.add_argument("--out", type=Path, help="the Parquet file of forecasts; default: neuralforecast_lstm_SET.parquet here")
    parser.add_argument("--seed", type=int, default=1, help="1 is neuralforecast's default")
    parser.add_argument("--max-steps", type=int, help="training steps, to try the script; default: neuralforecast's (1000)")
    parser.add_argument("--threads", type=int, help="CPU threads; default: all")
    options = parser.parse_args()
    if options.threads:
        os.environ["OMP_NUM_THREADS"] = str(options.threads)  # before torch is imported
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)

    name = full_name(options.set)
    panel, horizon, windows, _ = load_set(options.data, name)
    started = time.perf_counter()
    table = train_and_forecast(panel, horizon, windows, options.seed, options.max_steps)
    seconds = time.perf_counter() - started
    out = options.out or Path(f"neuralforecast_lstm_{name.replace('/', '_')}.parquet")
    table.to_parquet(out, index=False)
    result = evaluate(options.data, name, [Recorded(out, panel, "neuralforecast LSTM")])
    result = replace(result, seconds={result.models[0]: seconds})  # of training and forecasting, not of reading the file
    Console(stderr=True).print(render(name, result))
    told = {"seconds": round(seconds, 1), "seed": options.seed, "forecasts": str(out)}
    print(json.dumps({"set": name, **plain(result.table()[0]), **told}))


if __name__ == "__main__":
    main()
