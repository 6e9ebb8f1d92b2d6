"""Series that inform each other, as users ask for it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import tsattn
from tsattn.batch.job_file import read_jobs
from tsattn.cli.main import main
from tsattn.errors import ConfigError

pytestmark = pytest.mark.usefixtures("shipped", "own_workspace")


@pytest.fixture
def data(tmp_path):
    rng, x = np.random.default_rng(0), np.zeros(403)
    for t in range(1, 403):
        x[t] = 0.9 * x[t - 1] + rng.normal()
    table = {"time": pd.date_range("2024-01-01", periods=400, freq="h"), "upstream": 20 + 2 * x[3:]}
    table |= {"downstream": 50 + 5 * x[:-3] + rng.normal(0, 0.5, 400), "other": rng.normal(10, 1, 400)}
    pd.DataFrame(table).to_csv(tmp_path / "river.csv", index=False)
    return tmp_path / "river.csv"


def test_when_a_forecast_is_joint_then_led_series_change_and_the_output_says_what_leads_them(data, capsys):
    plain, joint = tsattn.forecast(data, horizon=3), tsattn.forecast(data, horizon=3, joint=True)
    changed = [(a != b).any() for a, b in zip(plain.forecast.values, joint.forecast.values, strict=True)]
    assert changed == [False, True, False]
    assert plain.joint is None
    assert main(["forecast", str(data), "--horizon", "3", "--joint", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["joint"]
    assert [(one["series"], one["leads"][0]["series"], one["leads"][0]["lag"]) for one in found] == [
        ("downstream", "upstream", 3)
    ]
    assert main(["forecast", str(data), "--horizon", "3", "--joint"]) == 0
    assert "downstream follows upstream by 3 steps" in capsys.readouterr().err


def test_when_no_series_leads_another_then_that_is_said(data, capsys):
    assert main(["forecast", str(data), "--target", "upstream,other", "--horizon", "3", "--joint"]) == 0
    assert "no series leads another" in capsys.readouterr().err


def test_when_a_backtest_is_joint_then_models_are_scored_with_and_without(data):
    found = tsattn.backtest(data, horizon=3, windows=3, joint=True, baselines=["naive"])
    assert found.scores.models == ("zero-shot + members", "zero-shot + members, joint", "naive")
    assert found.scores.score("zero-shot + members, joint", "WQL") < found.scores.score("zero-shot + members", "WQL")
    assert any("joint: MASE" in line and "lower than without" in line for line in found.verdicts)


def test_when_no_series_leads_another_then_the_verdict_of_a_backtest_gives_that_as_the_reason(data):
    found = tsattn.backtest(data, target=["upstream", "other"], horizon=3, windows=2, joint=True, baselines=["naive"])
    assert any("the same scores as without, because no series leads another at any cutoff" in line for line in found.verdicts)
    assert not any(" 0.0 %" in line and "than without" in line for line in found.verdicts)


def test_when_sums_are_asked_for_too_then_joint_forecasts_add_up(data):
    found = tsattn.forecast(data, horizon=3, joint=True, sums="flow=upstream+downstream")
    rows = found.forecast.to_pandas().pivot(index="timestamp", columns="item_id", values="0.5")
    np.testing.assert_allclose(rows["flow"], rows["upstream"] + rows["downstream"], rtol=1e-12)


def test_when_a_job_is_joint_then_it_writes_what_forecast_writes(data, tmp_path, capsys):
    (tmp_path / "jobs.toml").write_text(
        f'[[job]]\nname = "a"\ninput = "{data}"\noutputs = "f.csv"\nhorizon = 3\njoint = true\nmodel = "zero-shot"\n', "utf-8"
    )
    assert main(["run", str(tmp_path / "jobs.toml"), "-q"]) == 0
    written = pd.read_csv(tmp_path / "f.csv")
    asked = tsattn.forecast(data, horizon=3, joint=True).forecast
    rows = written[written.item_id == "downstream"]
    np.testing.assert_allclose(rows["0.5"], asked.median[asked.item_ids.index("downstream")], rtol=1e-4)
    (tmp_path / "wrong.toml").write_text('[[job]]\nname = "a"\ninput = "x.csv"\noutputs = "f.csv"\njoint = "yes"\n', "utf-8")
    with pytest.raises(ConfigError, match="joint: must be true or false"):
        read_jobs(tmp_path / "wrong.toml")
