"""neuralforecast's windows trained and series forecast in a second of one processor, as one line of JSON.

Run by `python -m benchmarks.throughput --peer PYTHON`, with the Python of neuralforecast's environment.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd


def frame(path: str) -> pd.DataFrame:
    values = np.load(path)
    hours = pd.date_range("2024-01-01", periods=values.shape[1], freq="h")
    parts = [pd.DataFrame({"unique_id": f"s{i:07d}", "ds": hours, "y": row}) for i, row in enumerate(values)]
    return pd.concat(parts, ignore_index=True)


def main(folder: str, context: int, horizon: int, batch: int, steps: int) -> None:
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MQLoss
    from neuralforecast.models import LSTM, PatchTST

    quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    common = {"h": horizon, "input_size": context, "batch_size": 32, "windows_batch_size": batch, **quiet}
    # about our 1.9 million parameters
    sizes = {
        "LSTM": (LSTM, {"encoder_hidden_size": 320, "decoder_hidden_size": 128}),
        "PatchTST": (PatchTST, {"hidden_size": 192, "n_heads": 6, "encoder_layers": 4, "linear_hidden_size": 384}),
    }
    data, out = frame(f"{folder}/train.npy"), []
    for name, (kind, size) in sizes.items():
        times = []
        for count in (steps // 4, steps // 4 + steps):  # the difference leaves out what every fit begins with
            model = kind(**common, **size, loss=MQLoss(quantiles=[i / 10 for i in range(1, 10)]), max_steps=count)
            runner = NeuralForecast(models=[model], freq="h")
            began = time.process_time()
            runner.fit(data)
            times.append(time.process_time() - began)
        parameters = sum(p.numel() for p in runner.models[0].parameters())
        rate = batch * steps / (times[1] - times[0])
        out.append({"what": "training", "who": f"neuralforecast {name}", "parameters": parameters, "rate": rate})
        if name == "LSTM":
            asked = frame(f"{folder}/forecast.npy")
            began = time.process_time()
            runner.predict(asked)
            rate = asked["unique_id"].nunique() / (time.process_time() - began)
            out.append({"what": "forecasting", "who": f"neuralforecast {name}", "parameters": parameters, "rate": rate})
    print(json.dumps(out))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
