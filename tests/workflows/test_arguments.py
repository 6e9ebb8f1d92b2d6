"""Fields of ReadOptions as keyword arguments of the public functions."""

from __future__ import annotations

import dataclasses
import typing

import numpy as np
import pandas as pd
import pytest

import tsattn
from tsattn.config import ReadOptions
from tsattn.errors import ConfigError, UnknownColumnError
from tsattn.workflows.arguments import ReadFields


@pytest.fixture
def frame() -> pd.DataFrame:
    day = pd.date_range("2024-01-01", periods=60)
    return pd.DataFrame({"day": day, "sales": 10.0 + np.arange(60) % 7, "promo": np.arange(60) % 3 // 2, "note": 1.5})


def test_when_reading_options_have_fields_then_all_of_them_are_keyword_arguments():
    assert list(typing.get_type_hints(ReadFields)) == [field.name for field in dataclasses.fields(ReadOptions)]


def test_when_fields_are_arguments_then_they_read_as_those_of_read(frame):
    plain = tsattn.ingest(frame, target="sales", known=["promo"]).panel
    other = tsattn.ingest(frame, read={"target": "sales", "known": ["promo"]}).panel
    mixed = tsattn.ingest(frame, target="sales", read=ReadOptions(known=("promo",))).panel
    assert plain.schema == other.schema == mixed.schema
    assert plain.schema.known == ("promo",)


def test_when_a_future_is_given_then_known_covariates_are_arguments_of_forecast(frame, shipped, own_workspace):
    future = frame[-7:].drop(columns=["sales", "note"])
    made = tsattn.forecast(frame[:-7], target="sales", known=["promo"], future=future, horizon=7, paths=5)
    assert made.panel.schema.known == ("promo",)
    assert list(made.paths.to_pandas().columns) == ["item_id", "cutoff", "path", "timestamp", "value"]
    assert len(made.paths.to_pandas()) == 5 * 7
    found = tsattn.backtest(frame, target="sales", known="promo", windows=1, horizon=3)
    assert found.report.to_mapping() is not None
    assert tsattn.detect(frame, target="sales", last=3).panel.schema.target == ("sales",)


def test_when_a_field_is_also_in_read_then_the_conflict_is_an_error(frame):
    for read in ({"target": "sales"}, ReadOptions(target=("sales",))):
        with pytest.raises(ConfigError, match="'target' is given twice"):
            tsattn.ingest(frame, target="promo", read=read)


def test_when_an_argument_is_unknown_then_the_error_names_the_nearest_one(frame):
    with pytest.raises(TypeError, match=r"forecast\(\) got an unexpected keyword argument 'horizn'; did you mean 'horizon'"):
        tsattn.forecast(frame, horizn=3)
    with pytest.raises(TypeError, match="did you mean 'known'"):
        tsattn.train(frame, knwon=["promo"])


def test_when_train_has_a_time_limit_then_it_is_that_of_the_training(frame, monkeypatch):
    from tsattn.workflows import train

    monkeypatch.setattr(train, "run", lambda data, request, *rest, **more: request)
    assert tsattn.train(frame, max_time=200, training={"steps": 3}).train == {"steps": 3, "max_time": 200}
    with pytest.raises(ConfigError, match="'max_time' is given twice: as an argument and in `training`"):
        tsattn.train(frame, max_time=200, training={"max_time": 100})
    monkeypatch.undo()
    with pytest.raises(ConfigError, match="max_time must be at least 0"):
        tsattn.train(frame, target="sales", max_time=-1)


def test_when_a_field_has_a_wrong_value_then_the_error_names_it(frame):
    with pytest.raises(ConfigError, match="ingest: known must be"):
        tsattn.ingest(frame, known=3)


def test_when_tune_is_given_a_field_then_the_data_is_read_by_it(frame, tmp_path):
    pytest.importorskip("optuna")
    with pytest.raises(UnknownColumnError, match="sale"):
        tsattn.tune(frame, target="sale", workspace=tmp_path, trials=1)
