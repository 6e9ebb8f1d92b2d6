"""neuralforecast's LSTM or PatchTST with its defaults, trained on a set before its test windows and scored by tsattn's own code.

It wants an environment of its own, made once:

    python3.11 -m venv .venv-peers
    .venv-peers/bin/pip install -r benchmarks/peers/requirements.txt
    .venv-peers/bin/python -m benchmarks.peers.neuralforecast_trained --data PATH --set ett1/H/short

(On Windows .venv-peers\\Scripts instead of .venv-peers/bin.) The LSTM takes about a quarter of an hour on one core, PatchTST
many hours. Only the loss is not the default: nine quantiles, which the scores need; and PatchTST has no default for the past it
sees, which is four horizons here. With --before, as many windows before the test windows are forecast instead. The forecasts
are written to a Parquet file, which `python -m benchmarks.gift_eval --model FILE.parquet` scores again at any time.
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

from benchmarks.gift_eval import plain, render
from benchmarks.recorded import Recorded
from benchmarks.sets import full_name, load_set
from tsattn.data.panel import Panel
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.frame import DEFAULT_QUANTILES, quantile_name


def long_frame(panel: Panel) -> pd.DataFrame:
    """The panel as neuralforecast wants it: unique_id, ds, y."""
    parts = [
        pd.DataFrame({"unique_id": name, "ds": panel.timestamps(i), "y": panel.history(i)})
        for i, name in enumerate(panel.item_ids)
    ]
    return pd.concat(parts, ignore_index=True)


def train_and_forecast(panel: Panel, kind: str, horizon: int, windows: int, seed: int, max_steps: int | None) -> pd.DataFrame:
    """Fit once on everything before the test windows; the table of Forecast.to_arrow for all of them."""
    from neuralforecast import NeuralForecast, models
    from neuralforecast.losses.pytorch import MQLoss

    limits = {} if max_steps is None else {"max_steps": max_steps}
    loss = MQLoss(quantiles=list(DEFAULT_QUANTILES))
    quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    past = {} if kind == "LSTM" else {"input_size": 4 * horizon}
    model = getattr(models, kind)(h=horizon, loss=loss, random_seed=seed, **past, **limits, **quiet)
    runner = NeuralForecast(models=[model], freq=panel.freq.alias)
    found = runner.cross_validation(long_frame(panel), n_windows=windows, step_size=horizon, refit=False)
    columns = [c for c in found.columns if c.startswith(kind)]
    if len(columns) != len(DEFAULT_QUANTILES):
        raise RuntimeError(f"expected {len(DEFAULT_QUANTILES)} quantile columns of {kind}, got {columns}")
    values = np.sort(found[columns].to_numpy(np.float32), 1)  # it does not keep its quantiles from crossing
    labels = found[["unique_id", "cutoff", "ds"]].set_axis(["item_id", "cutoff", "timestamp"], axis=1)
    named = pd.DataFrame(values, columns=[quantile_name(q) for q in DEFAULT_QUANTILES], index=labels.index)
    return pd.concat([labels, named], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers.neuralforecast_trained", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--set", default="ett1/H/short")
    parser.add_argument("--model", default="LSTM", choices=("LSTM", "PatchTST"))
    parser.add_argument("--before", action="store_true", help="forecast the windows before the test windows")
    parser.add_argument("--out", type=Path, help="the Parquet file of forecasts; default: neuralforecast_MODEL_SET.parquet here")
    parser.add_argument("--seed", type=int, default=1, help="1 is neuralforecast's default")
    parser.add_argument("--max-steps", type=int, help="training steps, to try the script; default: neuralforecast's")
    parser.add_argument("--threads", type=int, help="CPU threads; default: all")
    options = parser.parse_args()
    if options.threads:
        os.environ["OMP_NUM_THREADS"] = str(options.threads)  # before torch is imported
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)

    name = full_name(options.set)
    panel, horizon, windows, season = load_set(options.data, name)
    panel = panel.before(panel.origin - horizon * windows) if options.before else panel
    started = time.perf_counter()
    table = train_and_forecast(panel, options.model, horizon, windows, options.seed, options.max_steps)
    seconds = time.perf_counter() - started
    out = options.out or Path(f"neuralforecast_{options.model}_{name.replace('/', '_')}.parquet")
    table.to_parquet(out, index=False)
    recorded = Recorded(out, panel, f"neuralforecast {options.model}")
    result = backtest([recorded], panel, horizon=horizon, windows=windows, season_length=season)
    result = replace(result, seconds={result.models[0]: seconds})  # of training and forecasting, not of reading the file
    Console(stderr=True).print(render(name, result))
    summary = {"seconds": round(seconds, 1), "seed": options.seed, "forecasts": str(out)}
    print(json.dumps({"set": name, **plain(result.table()[0]), **summary}))


if __name__ == "__main__":
    main()
