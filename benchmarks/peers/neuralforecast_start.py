"""neuralforecast, from a cold prompt: `save DATA FOLDER` trains a small LSTM, `forecast DATA FOLDER` loads it and predicts.

Run by `python -m benchmarks.start --peer PYTHON`, with the Python of neuralforecast's environment.
"""

from __future__ import annotations

import logging
import sys

import pandas as pd


def main(what: str, data: str, folder: str) -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import MQLoss
    from neuralforecast.models import LSTM

    frame = pd.read_csv(data, parse_dates=["time"]).rename(columns={"time": "ds", "load": "y"}).assign(unique_id="load")
    quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    if what == "save":
        model = LSTM(h=48, loss=MQLoss(quantiles=[0.1, 0.5, 0.9]), max_steps=20, **quiet)
        runner = NeuralForecast(models=[model], freq="h")
        runner.fit(frame)
        runner.save(folder, overwrite=True, save_dataset=False)
        return
    print(NeuralForecast.load(folder).predict(frame))


if __name__ == "__main__":
    main(*sys.argv[1:])
