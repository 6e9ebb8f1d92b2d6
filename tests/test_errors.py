"""Errors of Python calls name arguments of Python; those of the command line name its options."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tsattn
from tsattn.cli.main import main
from tsattn.errors import ConfigError, TsattnError, UnknownColumnError

DAYS = [f"2024-{1 + k // 28:02d}-{1 + k % 28:02d}" for k in range(84)]
SHIPPED = pytest.mark.usefixtures("shipped")
VALUES = (10 + np.arange(84) % 7).tolist()
UNSURE = [f"{1 + k % 12:02d}/{1 + k // 12:02d}/2024" for k in range(84)]  # days and months up to 12


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"day": DAYS, "sales": VALUES} | columns)


@pytest.fixture
def workspace(tmp_path) -> Path:
    return tmp_path / "w"


def failure(call, *given, **options) -> TsattnError:
    with pytest.raises(TsattnError) as caught:
        call(*given, **options)
    return caught.value


def arguments(error: TsattnError) -> list[dict]:
    """Every `name=value` of an error as keyword arguments, those beside each other together."""
    one = r"""\w+=(?:"[^"]*"|\[[^\]]*\]|\{[^}]*\}|[\w.]+)"""
    found = re.findall(rf"{one}(?:, {one})*", str(error))
    calls = [ast.parse(f"f({text})", mode="eval").body for text in found]
    return [{word.arg: ast.literal_eval(word.value) for word in call.keywords} for call in calls]  # type: ignore[attr-defined]


def test_when_a_horizon_is_wrong_then_python_reads_the_argument_and_the_command_line_the_option(workspace, tmp_path, capsys):
    error = failure(tsattn.forecast, frame(), horizon=-1, workspace=workspace)
    assert "horizon=24" in str(error)
    assert "--" not in str(error)
    frame().to_csv(tmp_path / "data.csv", index=False)
    assert main(["backtest", str(tmp_path / "data.csv"), "--quantiles", "x"]) == 2
    assert "hint: for example: --quantiles 0.1,0.5,0.9" in capsys.readouterr().err


def test_when_an_error_of_reading_advises_an_argument_then_the_call_with_it_works():
    advised = [
        (frame(day=UNSURE), {"date_order": "mdy"}),
        (frame(day=[f"{day} {'06' if k % 2 else '18'}:13:{k % 50:02d}" for k, day in enumerate(DAYS)]), {"resample": "1D"}),
        (pd.concat([frame(), frame(sales=[v + 1 for v in VALUES])]), {"on_duplicate": "mean"}),
        (frame().head(1), {"freq": "D"}),
    ]
    for data, options in advised:
        error = failure(tsattn.ingest, data)
        assert "--" not in str(error)
        assert any(options.items() <= given.items() for given in arguments(error)), str(error)
        assert tsattn.ingest(data, **options).panel.schema.target == ("sales",)


@SHIPPED
def test_when_a_column_does_not_exist_then_the_error_names_the_argument(workspace):
    assert str(failure(tsattn.ingest, frame(), target="sale")).startswith('target="sale": no such column\ndid you mean')
    assert str(failure(tsattn.ingest, frame(), read={"known": ["promo day"]})).startswith('known="promo day": no such column')
    assert str(failure(tsattn.forecast, frame(), hierarchy=["regoin"], workspace=workspace)).startswith(
        'hierarchy="regoin": no such column'
    )


def test_when_options_exclude_each_other_then_the_error_names_the_arguments(workspace):
    error = failure(tsattn.forecast, frame(), hierarchy=["a"], sums=["t=a+b"], workspace=workspace)
    assert str(error) == "`hierarchy` and `sums` exclude each other\nuse `hierarchy` for columns, `sums` for single series"
    error = failure(tsattn.backtest, frame(), cutoffs=["2024-02-01"], windows=2, workspace=workspace)
    assert str(error) == "`cutoffs` and `windows` or `step` exclude each other\nremove `windows` and `step`"
    error = failure(tsattn.ingest, frame(), freq="D", resample="W")
    assert str(error) == 'freq="D" and resample="W" disagree\nleave out `freq`'


def test_when_values_are_out_of_range_then_the_error_names_the_arguments(workspace):
    error = failure(tsattn.detect, frame(), level=3, workspace=workspace)
    assert str(error) == "the level must lie between 0.5 and 1, not 3\nuse for example level=0.99"
    error = failure(tsattn.forecast, frame(), as_of="soon", workspace=workspace)
    assert str(error).startswith('as_of="soon" is not a time')
    error = failure(tsattn.train, frame(), test_windows=-1, workspace=workspace)
    assert str(error).endswith("for example: test_windows=2")


def test_when_there_is_no_model_then_the_error_names_functions(workspace):
    error = failure(tsattn.load, workspace=workspace)
    assert 'tsattn.train("data.csv")' in str(error)
    assert "tsattn train" in error.hint
    assert str(failure(tsattn.load, "nosuch", workspace=workspace)).count("tsattn ") == 0


@SHIPPED
def test_when_settings_of_training_are_wrong_then_the_error_names_the_dict_that_holds_them(workspace):
    error = failure(tsattn.train, frame(), training={"stps": 3}, workspace=workspace)
    assert str(error) == "training: unknown key 'stps'\ndid you mean 'steps'?"
    error = failure(tsattn.train, frame(), model={"wdth": 8}, workspace=workspace)
    assert str(error) == "model: unknown key 'wdth'\ndid you mean 'width'?"
    assert (
        failure(tsattn.train, frame(), start="shipped", model={"width": 32}, workspace=workspace)
        .args[0]
        .startswith("--fine-tune")
    )


def test_when_a_training_cannot_be_resumed_then_the_error_says_which_argument_to_remove(workspace):
    error = failure(tsattn.train, frame(), name="shop", resume=True, workspace=workspace)
    assert str(error).endswith("remove resume=True to start a new one")


@SHIPPED
def test_when_series_cannot_be_joined_then_the_error_names_the_arguments(monkeypatch, workspace):
    from tsattn.forecasting.joint import joint_regression

    monkeypatch.setattr(joint_regression, "MOST_SERIES", 1)
    error = failure(tsattn.forecast, frame(other=VALUES), target=["sales", "other"], joint=True, workspace=workspace)
    assert str(error).startswith("joint=True reads 1 series at most")
    assert 'target=["A", "B"]; or leave out joint=True' in str(error)


@SHIPPED
def test_when_data_of_a_user_looks_like_an_option_then_it_stays_as_it_is(workspace):
    error = failure(tsattn.ingest, frame(), target="--freq D")
    assert str(error).startswith('target="--freq D": no such column')
    error = failure(tsattn.forecast, frame(**{"x --freq D": VALUES}), target="z", workspace=workspace)
    assert "'x --freq D'" in str(error)


def test_when_an_error_is_pickled_then_it_keeps_its_message_and_hint():
    for error in (ConfigError("no --freq", "use --freq D"), UnknownColumnError("item", "a", "a", "columns: b")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.message, again.hint) == (type(error), str(error), error.message, error.hint)
