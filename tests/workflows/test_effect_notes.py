"""Notes of `forecast --known` with the model in the package on the effects of covariates."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tsattn import api
from tsattn.cli.main import main
from tsattn.config import ReadOptions
from tsattn.errors import DataError

HORIZON = 7
READ = ReadOptions(target=("sales",), known=("promo", "noise"), past=("visitors",))


pytestmark = pytest.mark.usefixtures("shipped")


@pytest.fixture
def sales(tmp_path):
    """150 days of sales that a promotion raises by half, and a week of future rows."""
    import pandas as pd

    rng, rows = np.random.default_rng(0), 150 + HORIZON
    promo = (rng.random(rows) < 0.3).astype(int)
    promo[152] = 1
    values = (50 + 10 * np.sin(2 * np.pi * np.arange(rows) / 7)) * 1.5**promo * np.exp(0.05 * rng.normal(size=rows))
    frame = pd.DataFrame(
        {
            "date": pd.date_range("2024-01-01", periods=rows),
            "promo": promo,
            "noise": rng.normal(size=rows).round(3),
            "visitors": rng.poisson(90, rows).astype(float),
            "sales": values.round(2),
        }
    )
    frame.loc[150:, ["sales", "visitors"]] = np.nan
    path = tmp_path / "sales.csv"
    frame.to_csv(path, index=False)
    return path


def test_when_known_covariates_are_declared_then_zero_shot_reads_them_and_tells_their_effects(sales, tmp_path):
    found = api.forecast(str(sales), horizon=HORIZON, read=READ, workspace=tmp_path / "ws")
    promo, noise = found.effects
    assert promo.low < 0.5 < promo.high
    assert not noise.clear
    assert any(note.startswith("effect of promo: +") and " % (" in note for note in found.notes)
    assert "no clear effect, not applied: 'noise'" in found.notes
    assert any(note.startswith("not used: visitors (zero-shot reads known") for note in found.notes)
    plain = api.forecast(str(sales), horizon=HORIZON, read=ReadOptions(target=("sales",), known=("noise",)), workspace=tmp_path)
    median, without = found.forecast.median[0], plain.forecast.median[0]
    assert median[2] > 1.2 * median[[1, 3]].mean() * without[2] / without[[1, 3]].mean()


def test_when_json_is_asked_for_then_the_effects_are_a_key_of_it(sales, tmp_path, capsys):
    arguments = ["forecast", str(sales), "--target", "sales", "--known", "promo", "--horizon", str(HORIZON)]
    assert main([*arguments, "--workspace", str(tmp_path / "ws"), "--json"]) == 0
    (effect,) = json.loads(capsys.readouterr().out)["effects"]
    assert effect["name"] == "promo"
    assert effect["form"] == "factor"
    assert effect["low"] < effect["effect"] < effect["high"]
    assert effect["level"] == 0.95


def test_when_the_network_forecasts_alone_then_the_known_covariates_are_called_unused(sales, tmp_path):
    found = api.forecast(str(sales), horizon=HORIZON, read=READ, members="network", workspace=tmp_path / "ws")
    assert found.effects == ()
    assert any(note.startswith("not used: 'promo', 'noise'") for note in found.notes)


def test_when_the_future_rows_of_a_known_covariate_end_too_early_then_the_error_says_what_to_do(sales, tmp_path):
    with pytest.raises(DataError, match="known covariates are missing") as caught:
        api.forecast(str(sales), horizon=HORIZON + 3, read=READ, workspace=tmp_path / "ws")
    assert f"--horizon {HORIZON}" in caught.value.hint


def test_when_a_backtest_has_known_covariates_then_zero_shot_reads_them(sales, tmp_path):
    from tsattn.config import BacktestConfig

    config = BacktestConfig(horizon=HORIZON, windows=3, baselines=("seasonal-naive",))
    scores = [
        api.backtest(str(sales), config=config, read=ReadOptions(target=("sales",), known=known), workspace=tmp_path / "ws")
        for known in (("promo",), ("none",))
    ]
    errors = [next(row["MASE"] for row in one.scores.table() if "zero-shot" in str(row["model"])) for one in scores]
    assert errors[0] < 0.7 * errors[1]
