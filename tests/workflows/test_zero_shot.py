"""The shipped model: used when nothing was trained on the data, for every frequency, in an ensemble with simple methods."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn import api
from tsattn.cli.main import main
from tsattn.errors import ConfigError

pytestmark = pytest.mark.usefixtures("shipped")


def write(path, freq="D", rows=150, columns=("sales",)):
    import pandas as pd

    rng = np.random.default_rng(0)
    stamps = pd.date_range("2024-01-01", periods=rows, freq=freq)
    values = {name: 20 + 5 * np.sin(np.arange(rows) * 2 * np.pi / 7) + rng.normal(0, 0.5, rows) for name in columns}
    pd.DataFrame({"date": stamps, **values}).round(3).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("freq", ["D", "h", "MS", "15min"])
def test_when_nothing_was_trained_then_data_of_any_frequency_is_forecast(tmp_path, freq, zero_shot):
    found = api.forecast(write(tmp_path / "a.csv", freq), workspace=tmp_path / "ws")
    assert str(found.ref) == "zero-shot"
    assert found.forecast.horizon == found.panel.freq.default_horizon
    assert np.isfinite(found.forecast.values).all()
    assert any(f"model: zero-shot, in {zero_shot}; no model was trained" in note for note in found.notes)
    assert any(note.startswith("ensemble weights: ") for note in found.notes)


def test_when_members_are_switched_off_then_the_network_forecasts_alone(tmp_path):
    data = write(tmp_path / "a.csv")
    alone = api.forecast(data, members="network", workspace=tmp_path / "ws")
    ensemble = api.forecast(data, workspace=tmp_path / "ws")
    one = api.forecast(data, members="seasonal-naive", workspace=tmp_path / "ws")
    assert not any("weights" in note for note in alone.notes)
    assert not np.allclose(alone.forecast.values, ensemble.forecast.values)
    assert "ridge" not in str(one.notes)
    with pytest.raises(ConfigError, match="unknown member 'rigde'"):
        api.forecast(data, members=["rigde"], workspace=tmp_path / "ws")


def test_when_members_are_one_group_in_a_list_then_they_are_that_group(tmp_path):
    data = write(tmp_path / "a.csv")
    for group in ("network", "all"):
        alone, listed, twice = (
            api.forecast(data, members=members, workspace=tmp_path / "ws") for members in (group, [group], (group, group))
        )
        np.testing.assert_array_equal(listed.forecast.values, alone.forecast.values)
        np.testing.assert_array_equal(twice.forecast.values, alone.forecast.values)


@pytest.mark.parametrize("members", [["network", "ridge"], ("naive", "all"), ["all", "network"]])
def test_when_a_group_of_members_is_given_beside_others_then_it_is_a_clear_error(tmp_path, members, capsys):
    data = write(tmp_path / "a.csv")
    with pytest.raises(ConfigError, match="cannot be combined with") as caught:
        api.forecast(data, members=members, workspace=tmp_path / "ws")
    assert "'network' is the network" in caught.value.hint
    assert main(["forecast", str(data), "--members", ",".join(members), "--workspace", str(tmp_path / "ws")]) == 2
    assert caught.value.message in capsys.readouterr().err
    assert (
        main(["forecast", str(data), "--members", "network,network", "--horizon", "3", "--workspace", str(tmp_path / "ws")]) == 0
    )


def test_when_a_model_was_trained_on_such_data_then_it_goes_before_the_one_in_the_package(tmp_path):
    data = write(tmp_path / "a.csv")
    network = {"context": 48, "patch": 8, "width": 16, "heads": 2, "layers": 1}  # traced once for all tests: see test_api.py
    api.train(data, horizon=7, workspace=tmp_path / "ws", model=network, training={"steps": 5, "batch": 4})
    assert str(api.forecast(data, workspace=tmp_path / "ws").ref) == "a/1"
    other = write(tmp_path / "b.csv", columns=("visits", "orders"))
    assert str(api.forecast(other, workspace=tmp_path / "ws").ref) == "zero-shot"


def test_when_the_model_is_loaded_by_name_then_arrays_are_forecast(tmp_path):
    model = api.load("zero-shot", workspace=tmp_path / "ws")
    made = model.predict([np.arange(30.0), np.ones(3)], horizon=5)
    assert made.shape == (2, 5, 9)
    assert np.isfinite(made).all()


def test_when_a_backtest_names_no_model_then_the_one_in_the_package_is_scored(tmp_path):
    found = api.backtest(write(tmp_path / "a.csv"), workspace=tmp_path / "ws")
    assert "zero-shot + members" in found.scores.models
    alone = api.backtest(write(tmp_path / "a.csv"), members="network", workspace=tmp_path / "ws")
    assert "zero-shot" in alone.scores.models


def test_when_a_model_is_to_be_called_like_the_one_in_the_package_then_another_name_is_asked_for(tmp_path):
    with pytest.raises(ConfigError, match="model in the package"):
        api.train(write(tmp_path / "a.csv"), name="zero-shot", workspace=tmp_path / "ws")


def test_when_data_has_covariates_then_the_report_says_that_they_are_not_read(tmp_path):
    data = write(tmp_path / "a.csv", columns=("sales", "price"))
    from tsattn.config import ReadOptions

    found = api.forecast(data, model="zero-shot", read=ReadOptions(target=("sales",), past=("price",)), workspace=tmp_path / "ws")
    assert any("not used: price" in note for note in found.notes)
