"""Settings: errors for unknown keys and wrong values, with their place."""

from __future__ import annotations

import dataclasses

import pytest

from tsattn.config import (
    BacktestConfig,
    HierarchyConfig,
    ModelConfig,
    ReadOptions,
    TrainConfig,
    from_mapping,
    read_toml,
    to_mapping,
)
from tsattn.errors import ConfigError


@pytest.mark.parametrize("kind", [ModelConfig, TrainConfig])
def test_when_settings_become_plain_values_then_the_same_settings_come_back(kind):
    assert from_mapping(kind, to_mapping(kind()), "here") == kind()
    assert from_mapping(kind, {}, "here") == kind()


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (ModelConfig, {"contxt": 64}, "did you mean 'context'"),
        (ModelConfig, {"zzz": 64}, "known keys"),
        (ModelConfig, {"context": "64"}, "context must be int, not '64'"),
        (ModelConfig, {"context": 64.5}, "context must be int"),
        (ModelConfig, {"context": True}, "context must be int"),
        (ModelConfig, {"patch": 0}, "patch must be at least 1, not 0"),
        (ModelConfig, {"heads": 0}, "heads must be at least 1"),
        (ModelConfig, {"layers": -1}, "layers must be at least 0"),
        (ModelConfig, {"dropout": 1.0}, "dropout must be between 0 and 1"),
        (TrainConfig, {"steps": 0}, "steps must be at least 1"),
        (TrainConfig, {"batch": -3}, "batch must be at least 1"),
        (TrainConfig, {"learning_rate": float("nan")}, "learning_rate must be at least 0, not nan"),
        (TrainConfig, {"learning_rate": float("inf")}, "learning_rate"),
        (TrainConfig, {"decay": 1.5}, "decay must be between 0 and 1, not 1.5"),
        (TrainConfig, {"max_time": -1}, "max_time must be at least 0"),
        (TrainConfig, {"max_time": "5 weeks"}, "max_time must be a duration, not '5 weeks'"),
    ],
    ids=lambda x: str(x) if isinstance(x, dict) else None,
)
def test_when_a_setting_is_unknown_or_out_of_range_then_the_error_says_where_and_what(kind, values, said):
    with pytest.raises(ConfigError, match=r"t\.toml") as caught:
        from_mapping(kind, values, "t.toml")
    assert said in str(caught.value)


def test_when_a_number_is_whole_then_it_will_do_for_a_fraction():
    made = from_mapping(TrainConfig, {"max_time": 5, "decay": 1}, "here")
    assert dataclasses.astuple(made)[5:8] == dataclasses.astuple(TrainConfig(max_time=5.0, decay=1.0))[5:8]
    assert isinstance(made.max_time, float)


def test_when_a_time_limit_is_a_text_then_it_is_read_as_the_command_reads_it():
    assert from_mapping(TrainConfig, {"max_time": "1m30s"}, "[train]").max_time == 90.0
    assert from_mapping(TrainConfig, {"max_time": "90"}, "[train]").max_time == 90.0
    assert from_mapping(TrainConfig, {"max_time": 90}, "[train]").max_time == 90.0
    for wrong, said in (("soon", "must be a duration, not 'soon'"), (True, "must be a duration, not True"), (-1, "at least 0")):
        with pytest.raises(ConfigError, match=said):
            from_mapping(TrainConfig, {"max_time": wrong}, "[train]")


def test_when_a_file_is_no_toml_then_the_error_names_it_and_the_line(tmp_path):
    path = tmp_path / "t.toml"
    path.write_bytes(b"[model]\ncontext = \n")
    with pytest.raises(ConfigError, match=r"t.toml.*line 2"):
        read_toml(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"t\.toml"):
        read_toml(path)
    with pytest.raises(ConfigError, match="no such file"):
        read_toml(tmp_path / "other.toml")


@pytest.mark.parametrize(("key", "value"), [("device", "gpu"), ("precision", "fp8")])
def test_when_a_device_or_a_precision_is_unknown_then_it_is_an_error_before_any_data_is_read(key, value):
    with pytest.raises(ConfigError, match=f"unknown {key} '{value}'") as caught:
        from_mapping(TrainConfig, {key: value}, "train.toml")
    assert "auto" in caught.value.hint


def test_when_several_names_are_expected_then_a_single_one_will_do():
    assert from_mapping(ReadOptions, {"item": "shop", "target": ["sales"]}, "read") == ReadOptions(item="shop", target="sales")
    assert from_mapping(BacktestConfig, {"baselines": "naive"}, "backtest").baselines == ("naive",)
    with pytest.raises(ConfigError, match="quantiles must be"):
        from_mapping(BacktestConfig, {"quantiles": "0.5"}, "backtest")


def test_when_a_reading_option_is_declared_then_it_has_its_help():
    assert all(field.metadata["help"].strip() for field in dataclasses.fields(ReadOptions))


def test_when_a_hierarchy_is_given_then_its_columns_come_first_among_the_item_columns():
    read = ReadOptions(item=("sku", "shop"))
    assert HierarchyConfig(hierarchy=("region", "shop")).reading(read).item == ("region", "shop", "sku")
    assert HierarchyConfig().reading(read) is read
