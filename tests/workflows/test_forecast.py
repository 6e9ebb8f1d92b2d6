"""Forecasts as users ask for them: of some series, as of a time, with a file of future covariates, in several pictures."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tsattn
from tests import tiny
from tsattn.cli.main import main
from tsattn.config import ReadOptions
from tsattn.errors import ConfigError, DataError
from tsattn.forecasting.ensemble.ensemble import DEFAULT

COLUMNS = ReadOptions(item="shop", target="sales")


pytestmark = pytest.mark.usefixtures("shipped", "own_workspace")


@pytest.fixture
def frame() -> pd.DataFrame:
    """Three shops of 100 days with a promo and a region."""
    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=100)
    parts = []
    for number, shop in enumerate(("a", "b", "c")):
        promo = (rng.random(100) < 0.2).astype(int)
        sales = 20 + 5 * np.sin(np.arange(100) * 2 * np.pi / 7) + 10 * promo + rng.normal(0, 1, 100)
        parts.append(pd.DataFrame({"day": days, "shop": shop, "region": "ns"[number % 2], "promo": promo, "sales": sales}))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def data(frame, tmp_path):
    frame.to_csv(tmp_path / "shops.csv", index=False)
    return tmp_path / "shops.csv"


def test_when_data_has_static_covariates_then_zero_shot_forecasts_and_scores_the_target_and_says_what_it_does_not_use(frame):
    read = ReadOptions(item="shop", target="sales", static="region", past="promo")
    plain, found = tsattn.forecast(frame, read=COLUMNS), tsattn.forecast(frame, read=read)
    np.testing.assert_array_equal(plain.forecast.values, found.forecast.values)
    assert any(note.startswith("not used: promo, region (zero-shot") for note in found.notes)
    scored = tsattn.backtest(frame, read=read, windows=2, horizon=7)
    assert scored.scores.score("zero-shot + members", "WQL") > 0


def test_when_a_member_has_no_forecast_then_the_leaderboard_leaves_it_out_and_says_so(frame, tmp_path):
    out = tmp_path / "f.parquet"
    scored = tsattn.backtest(
        frame, read=COLUMNS, windows=1, horizon=7, members=["ridge", "long-cycle"], leaderboard=True, output=out
    )
    assert "ridge" in scored.scores.models
    assert "long-cycle" not in {*scored.scores.models, *scored.scores.notes}
    assert any(note.startswith("left out, without a forecast in any window") and "long-cycle" in note for note in scored.notes)
    assert set(pd.read_parquet(out).model) == set(scored.scores.models)


def test_when_members_move_the_network_then_the_leaderboard_says_that_they_have_no_forecasts_of_their_own():
    days = pd.date_range("2020-01-01", periods=2000, freq="D")
    series = pd.DataFrame({"day": days, "value": np.random.default_rng(0).normal(size=2000)})

    def said(frame: pd.DataFrame, *members: str, leaderboard: bool = True) -> list[str]:
        done = tsattn.backtest(frame, windows=1, members=["naive", *members], model="zero-shot", leaderboard=leaderboard)
        assert not {"coarser", "trees"} & set(done.scores.models)
        return [note for note in done.notes if note.startswith("not scored")]

    both = "not scored: coarser and trees, which move the network's forecast and have no forecasts of their own"
    assert said(series, "coarser", "trees") == [both]
    one = "not scored: coarser, which moves the network's forecast and has no forecast of its own"
    assert said(series[["value"]], "coarser", "trees") == [one]  # without dates there is no season
    assert said(series, "ridge") == said(series[1000:], "coarser", "trees") == []
    assert said(series, "coarser", "trees", leaderboard=False) == []


def test_when_a_member_may_take_part_then_the_docs_describe_it():
    page = (Path(__file__).parents[2] / "docs" / "forecasting.md").read_text("utf-8")
    described = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert set(DEFAULT) <= set(described)


def test_when_series_are_named_then_only_they_are_returned_with_the_same_values(frame, tmp_path):
    whole = tsattn.forecast(frame, read=COLUMNS).forecast
    some = tsattn.forecast(frame, read=COLUMNS, series=["c", "a"], output=tmp_path / "f.csv").forecast
    assert some.item_ids == ("c", "a")
    np.testing.assert_array_equal(some.values, whole.values[[2, 0]])
    assert set(pd.read_csv(tmp_path / "f.csv").item_id) == {"a", "c"}
    with pytest.raises(ConfigError, match="no series 'aa'") as caught:
        tsattn.forecast(frame, read=COLUMNS, series="aa")
    assert "did you mean 'a'" in caught.value.hint


def test_when_a_series_is_unknown_then_nothing_is_loaded_or_forecast(frame, monkeypatch):
    for call in (tsattn.forecast, tsattn.backtest):
        with monkeypatch.context() as patched:
            patched.setattr("tsattn.model.runtime.load", lambda *_: pytest.fail("loaded"))
            with pytest.raises(ConfigError, match="no series 'aa'"):
                call(frame, read=COLUMNS, series=["a", "aa"])


def test_when_a_series_is_misspelt_then_the_nearest_names_are_given(frame):
    shops = frame.assign(shop=frame.shop.map({"a": "kiosk 1", "b": "kiosk 11", "c": "market"}))
    with pytest.raises(ConfigError) as caught:
        tsattn.forecast(shops, read=COLUMNS, series="kiosk_1")
    assert caught.value.hint.startswith("did you mean 'kiosk 1' or 'kiosk 11'? series: kiosk 1, kiosk 11, market")


def test_when_the_only_series_asked_for_has_no_value_then_the_error_says_so(frame):
    empty = frame[frame.shop == "a"].assign(shop="empty", sales=np.nan)
    with pytest.raises(DataError, match="empty has no observed value"):
        tsattn.forecast(pd.concat([frame, empty]), read=COLUMNS, series="empty")


def test_when_a_backtest_is_of_some_series_then_their_scores_are_those_among_all(data, tmp_path, capsys):
    words = ["backtest", str(data), "--item", "shop", "--target", "sales", "--windows", "2", "--horizon", "7", "--quiet"]
    files = ["-o", str(tmp_path / "f.csv"), "--scores", str(tmp_path / "one.csv")]
    assert main([*words, "--scores", str(tmp_path / "all.csv")]) == 0
    capsys.readouterr()
    assert main([*words, *files, "--series", "c", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["items"], document["windows"]) == (1, 2)
    whole, one = (pd.read_csv(tmp_path / name) for name in ("all.csv", "one.csv"))
    own = whole[whole.item_id == "c"].set_index(["model", "metric"]).value
    overall = one[one[["item_id", "cutoff", "horizon_step"]].isna().all(axis=1)].set_index(["model", "metric"]).value
    pd.testing.assert_series_equal(overall.sort_index(), own.sort_index(), check_exact=False)
    assert set(pd.read_csv(tmp_path / "f.csv").item_id) == {"c"}


def test_when_a_time_series_and_quantiles_are_asked_for_then_table_json_and_file_agree(data, tmp_path, capsys):
    words = ["forecast", str(data), "--item", "shop", "--target", "sales", "--horizon", "3", "--quiet"]
    words += ["--as-of", "2024-03-01", "--series", "c,a", "--quantiles", "0.5,0.95"]
    assert main([*words, "-o", str(tmp_path / "f.csv")]) == 0
    table = [line.split()[-3:] for line in capsys.readouterr().out.splitlines() if "2024-03-" in line]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    file = pd.read_csv(tmp_path / "f.csv")
    assert [one["item_id"] for one in found["forecasts"]] == file.item_id.unique().tolist() == ["c", "a"]
    assert {one["cutoff"] for one in found["forecasts"]} == set(file.cutoff) == {"2024-03-01"}
    rows = [
        [stamp, *values]
        for one in found["forecasts"]
        for stamp, *values in zip(one["timestamps"], one["quantiles"]["0.5"], one["quantiles"]["0.95"], strict=True)
    ]
    assert [row[0] for row in rows] == [row[0] for row in table] == file.timestamp.tolist()
    values = np.array([row[1:] for row in rows])
    np.testing.assert_allclose(np.array([row[1:] for row in table], float), values, atol=0.006)
    np.testing.assert_allclose(file[["0.5", "0.95"]].to_numpy(), values, rtol=1e-6)


def test_when_the_chosen_series_have_no_window_at_a_cutoff_then_the_error_says_so(frame):
    late = frame[(frame.shop != "c") | (frame.day > "2024-02-15")]
    with pytest.raises(ConfigError, match="none of the chosen series has a row at 2024-02-01"):
        tsattn.backtest(late, read=COLUMNS, series="c", cutoffs=["2024-02-01"], horizon=7)


@pytest.mark.parametrize(
    ("call", "options", "said"),
    [
        (tsattn.backtest, {"windows": 0}, "`windows` must be at least 1, not 0"),
        (tsattn.backtest, {"windows": -2}, "`windows` must be at least 1, not -2"),
        (tsattn.backtest, {"windows": 2.5}, "`windows` must be a whole number, not 2.5"),
        (tsattn.backtest, {"step": 0}, "`step` must be at least 1, not 0"),
        (tsattn.backtest, {"horizon": 0}, "at least 1, not 0"),
        (tsattn.report, {"windows": 0, "output": "report.html"}, "`windows` must be at least 1, not 0"),
        (tsattn.forecast, {"paths": 0}, "`paths` must be at least 1, not 0"),
    ],
)
def test_when_a_number_is_not_positive_then_the_error_names_it_before_the_data_are_read(call, options, said):
    with pytest.raises(ConfigError) as caught:
        call("no-such-file.csv", **options)
    assert said in str(caught.value)


@pytest.mark.parametrize("flag", ["--windows", "--step", "--horizon"])
def test_when_a_number_on_the_command_line_is_not_positive_then_the_error_names_the_option(flag, capsys):
    for value in ("0", "-3"):
        assert main(["backtest", "no-such-file.csv", f"{flag}={value}"]) == 2
        assert f"{flag} must be at least 1, not '{value}'" in capsys.readouterr().err


def test_when_a_time_is_given_then_later_values_have_no_influence(frame):
    found = tsattn.forecast(frame, read=COLUMNS, as_of="2024-03-01").forecast
    again = tsattn.forecast(frame, read=COLUMNS, as_of=dt.date(2024, 3, 1)).forecast
    np.testing.assert_array_equal(again.values, found.values)
    short = tsattn.forecast(frame[frame.day <= "2024-03-01"], read=COLUMNS).forecast
    assert set(found.cutoffs.tolist()) == {np.datetime64("2024-03-01", "us").item()}
    np.testing.assert_array_equal(found.values, short.values)
    with pytest.raises(ConfigError, match='as_of="soon" is not a time'):
        tsattn.forecast(frame, read=COLUMNS, as_of="soon")


def test_when_a_forecast_is_made_as_of_a_time_then_the_report_gives_the_rows_up_to_it(data, capsys):
    words = ["forecast", str(data), "--item", "shop", "--target", "sales", "--as-of", "2024-03-01", "--json"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "3 series, 183 rows, 2024-01-01 to 2024-03-01" in said.err
    assert json.loads(said.out)["data"]["last"] == "2024-03-01"


def test_when_several_plots_are_asked_for_then_each_is_written(data, tmp_path, capsys):
    places = [str(tmp_path / name) for name in ("a.png", "b.svg", "c.html")]
    words = [word for place in places for word in ("--plot", place)]
    assert main(["forecast", str(data), "--item", "shop", "--target", "sales", *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == places
    assert all((tmp_path / name).stat().st_size > 500 for name in ("a.png", "b.svg", "c.html"))


def test_when_an_item_has_no_value_then_it_is_left_out_and_fails_only_if_it_is_named(frame, tmp_path, capsys):
    empty = frame[frame.shop == "a"].assign(shop="empty", sales=np.nan)
    path = tmp_path / "gap.csv"
    pd.concat([frame, empty]).to_csv(path, index=False)
    words = ["forecast", str(path), "--item", "shop", "--target", "sales", "--json", "-o", str(tmp_path / "f.csv")]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["item_id"] for one in document["forecasts"]] == ["a", "b", "c"]
    assert (document["failures"], document["data"]["left_out"]) == ([], ["empty"])
    assert main([*words[:-1], str(tmp_path / "named.csv"), "--series", "a,empty"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert document["failures"] == [{"item_id": "empty", "reason": "has no observed value", "ended": False}]
    assert set(pd.read_csv(tmp_path / "f.csv").item_id) == {"a", "b", "c"}


def saved_with_promo(frame: pd.DataFrame, folder) -> str:
    """A model folder of random weights that reads the known covariate `promo`."""
    from tsattn import api
    from tsattn.data.freq import calendar_names
    from tsattn.model import artifact

    panel = api.ingest(frame, read=ReadOptions(item="shop", target="sales", known="promo")).panel
    network = tiny.scrambled(known=len(calendar_names(panel.freq)) + 1)
    artifact.save_weights(folder, network, tiny.card_of(network, freq="D", schema=panel.schema))
    return str(folder)


def test_a_model_that_was_trained_before_reference_levels_forecasts_the_same_from_every_source(frame, tmp_path):
    from tsattn.data.freq import calendar_names
    from tsattn.data.store import save_panel
    from tsattn.model import artifact

    frame = frame.assign(promo=frame.promo.map({0: "nein", 1: "ja"}), sales=frame.sales.where(frame.day < "2024-03-28"))
    panel = tsattn.ingest(frame, item="shop", target="sales", known="promo").panel
    (feature,), (reference,) = panel.schema.known_features, panel.schema.references
    schema = dataclasses.replace(panel.schema, known_features=(feature, reference), references=())
    before = dataclasses.replace(panel, known=np.concatenate([panel.known, 1 - panel.known], 1), schema=schema)
    network = tiny.scrambled(known=len(calendar_names(panel.freq)) + 2)
    artifact.save_weights(tmp_path / "model", network, tiny.card_of(network, freq="D", schema=schema))
    model = tsattn.load(tmp_path / "model")
    wanted = model.predict(before, horizon=5).values
    frame.to_csv(tmp_path / "data.csv", index=False)
    save_panel(panel, tmp_path / "panel.parquet")
    for source in (panel, frame, tmp_path / "data.csv", tmp_path / "panel.parquet"):
        np.testing.assert_array_equal(model.predict(source, horizon=5).values, wanted)


def test_when_future_rows_are_in_a_file_of_their_own_then_the_forecast_is_that_of_one_file(frame, tmp_path):
    model = saved_with_promo(frame, tmp_path / "model")
    last = frame.day >= "2024-03-28"
    past, plan = frame[~last], frame.loc[last, ["day", "shop", "promo"]]
    whole = frame.assign(sales=frame.sales.where(~last))
    wanted = tsattn.forecast(whole, model=model, read=ReadOptions(known="promo")).forecast
    past.to_csv(tmp_path / "past.csv", index=False)
    plan.to_csv(tmp_path / "plan.csv", index=False)
    found = tsattn.forecast(tmp_path / "past.csv", model=model, future=tmp_path / "plan.csv").forecast
    assert found.horizon == wanted.horizon == 12
    np.testing.assert_array_equal(found.values, wanted.values)
    flipped = plan.assign(promo=1 - plan.promo)
    other = tsattn.load(model).predict(past, future=flipped)
    assert not np.allclose(other.values, wanted.values)
    with pytest.raises(DataError, match="known covariates are missing"):
        tsattn.forecast(past, model=model)


def test_when_future_rows_are_given_then_sample_paths_read_them_and_the_named_columns(frame, tmp_path):
    model = tsattn.load(saved_with_promo(frame, tmp_path / "model"))
    last = frame.day >= "2024-03-28"
    past, plan = frame[~last].rename(columns={"day": "when"}), frame.loc[last, ["day", "shop", "promo"]]
    plan = plan.rename(columns={"day": "when"})
    names = {"timestamp": "when", "item": "shop", "target": "sales", "known": "promo"}
    made = model.predict_paths(past, paths=5, seed=2, future=plan, **names)
    flipped = model.predict_paths(past, paths=5, seed=2, future=plan.assign(promo=1 - plan.promo), **names)
    assert made.values.shape == flipped.values.shape
    assert not np.allclose(made.values, flipped.values)
    wanted = tsattn.forecast(past, model=model.ref.path, future=plan, paths=5, seed=2, **names).paths
    np.testing.assert_array_equal(made.values, wanted.values)


def test_when_known_covariates_lack_future_rows_then_what_the_error_recommends_works(frame, shipped, own_workspace):
    saved_with_promo(frame, own_workspace / "models" / "shop" / "0001")
    columns = {"item": "shop", "target": "sales"}
    with pytest.raises(DataError, match='or forecast without them: model="zero-shot", known="none"'):
        tsattn.forecast(frame, horizon=2, **columns)
    with pytest.raises(ConfigError, match="trained with the known covariates 'promo' and needs them") as caught:
        tsattn.forecast(frame, model="shop", known="none", horizon=2, **columns)
    assert caught.value.hint == "forecast without them: --model zero-shot --known none"
    for model in (None, "zero-shot"):
        found = tsattn.forecast(frame, model=model, known="none", horizon=2, **columns)
        assert (str(found.ref), found.panel.schema.known) == ("zero-shot", ())
        assert len(found.forecast) == 3


def test_when_a_discontinued_series_has_no_future_rows_then_the_others_are_forecast_and_it_is_named(frame, tmp_path, capsys):
    last = frame.day >= "2024-04-03"
    ended = (frame.shop == "a") & (frame.day >= "2024-02-20")
    late = (frame.shop == "a") & (frame.day >= "2024-04-01")
    words = [str(tmp_path / "shops.csv"), "--item", "shop", "--target", "sales", "--known", "promo"]
    for gone, code, said in ((late, 4, "failed: a: ended at 2024-03-31"), (ended, 0, "left out: a: ended at 2024-02-19")):
        frame.assign(sales=frame.sales.where(~last))[~gone].to_csv(tmp_path / "shops.csv", index=False)
        assert main(["forecast", *words]) == code
        shown = capsys.readouterr()
        assert said in shown.out
        assert "begins where it ends" not in shown.err
    assert main(["forecast", *words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(one["item_id"], len(one["timestamps"])) for one in document["forecasts"]] == [("b", 7), ("c", 7)]
    (failure,) = document["failures"]
    assert failure["item_id"] == "a"
    assert failure["reason"].startswith("ended at 2024-02-19, before other series")
    assert failure["ended"]
    assert main(["backtest", *words, "--horizon", "7", "--windows", "1", "--baselines", "naive"]) == 0


@pytest.mark.parametrize(
    ("columns", "said"),
    [(["day", "shop"], "no column 'promo'"), (["shop", "promo"], "no column 'day'")],
)
def test_when_the_future_file_lacks_a_column_then_the_error_names_it(frame, tmp_path, columns, said):
    model = saved_with_promo(frame, tmp_path / "model")
    with pytest.raises(DataError, match=said):
        tsattn.forecast(frame[:250], model=model, future=frame.loc[250:, columns])


def test_when_a_wide_file_has_the_column_of_the_future_file_then_the_error_names_the_option(frame):
    wide = frame[frame.shop == frame.shop.iloc[0]].reset_index(drop=True)[["day"]]
    wide = wide.assign(load=np.arange(len(wide)) * 1.5, heat=np.arange(len(wide)) % 7 + 0.25)
    with pytest.raises(DataError, match="'heat' would be forecast") as caught:
        tsattn.forecast(wide[:-6], future=wide[-6:].drop(columns="load"))
    assert caught.value.hint == "if its future is known: --known heat"


def test_when_a_covariate_is_renamed_then_the_error_names_both(frame, tmp_path):
    model = saved_with_promo(frame, tmp_path / "model")
    with pytest.raises(DataError, match="no column 'promo'") as caught:
        tsattn.forecast(frame.rename(columns={"promo": "promos"}), model=model)
    assert "did you mean 'promos'" in caught.value.hint


@pytest.mark.parametrize("series", [[1.0, 2.0, 3.0], [1, 2, None, 4], (1.0, 2.0), np.arange(5)])
def test_when_plain_numbers_are_given_then_they_are_one_series(series):
    assert tsattn.load("zero-shot").predict(series, horizon=4).shape == (1, 4, 9)


def test_when_lists_of_lists_are_given_then_each_is_a_series_and_text_is_refused():
    model = tsattn.load("zero-shot")
    assert model.predict([[1.0, 2.0, 3.0], [4.0, 5.0]], horizon=4).shape == (2, 4, 9)
    with pytest.raises(DataError, match="other than numbers"):
        model.predict([[1.0, "x"]], horizon=4)
    with pytest.raises(ConfigError, match="at least 1, not 0"):
        model.predict([1.0, 2.0], horizon=0)


def test_when_columns_are_named_in_predict_then_they_are_read_so(frame):
    made = tsattn.load("zero-shot").predict(frame, item="shop", target="promo", timestamp="day")
    assert made.item_ids == ("a", "b", "c")
    assert float(made.median.max()) < 5  # promo is 0 or 1, sales are 20


def test_when_a_forecast_is_plotted_or_shown_in_a_notebook_then_its_series_are_there(frame, tmp_path):
    made = tsattn.load("zero-shot").predict(frame, item="shop", target="sales")
    figure = made.plot(tmp_path / "f.png")
    assert sum(axes.get_visible() for axes in figure.axes) == 3
    assert (tmp_path / "f.png").stat().st_size > 1000
    lines = figure.axes[0].get_lines()
    assert len(lines[0].get_xdata()) > 30  # the history
    assert "<table" in made._repr_html_()
    assert "Forecast of 3 series" in made._repr_html_()


def test_when_the_backtest_writes_its_forecasts_then_each_is_beside_its_truth(frame, tmp_path):
    path, scores = tmp_path / "f.parquet", tmp_path / "s.csv"
    found = tsattn.backtest(
        frame, read=COLUMNS, horizon=7, windows=2, quantiles=[0.1, 0.5, 0.9], metrics=["MAE", "MASE"], output=path, scores=scores
    )
    table = pd.read_parquet(path)
    assert list(table.columns) == ["model", "item_id", "cutoff", "timestamp", "target", "0.1", "0.5", "0.9"]
    assert len(table) == 4 * 3 * 2 * 7
    truth = frame.set_index(["shop", "day"]).sales
    own = table[table.model == "naive"]
    wanted = truth.loc[list(zip(own.item_id, own.timestamp, strict=True))]
    np.testing.assert_allclose(own.target, wanted, rtol=1e-5)
    assert float((own["0.5"] - own.target).abs().mean()) == pytest.approx(found.scores.score("naive", "MAE"), rel=1e-4)
    assert found.files == (path, scores)
    assert "MASE" in set(pd.read_csv(scores).metric)


def test_when_cutoffs_are_given_then_the_windows_begin_there(frame, tmp_path):
    path = tmp_path / "f.parquet"
    tsattn.backtest(frame, read=COLUMNS, horizon=5, cutoffs=["2024-02-01", "2024-03-01"], output=path)
    assert sorted(pd.read_parquet(path).cutoff.dt.strftime("%m-%d").unique()) == ["02-01", "03-01"]
    with pytest.raises(ConfigError, match="unknown metric 'mse'"):
        tsattn.backtest(frame, read=COLUMNS, metrics=["mse"])


@pytest.mark.parametrize(
    "cutoffs",
    [
        pd.Timestamp("2024-02-01"),
        [dt.date(2024, 2, 1), dt.datetime(2024, 3, 1)],
        pd.DatetimeIndex(["2024-02-01", "2024-03-01"]),
        np.array(["2024-02-01", "2024-03-01"], "datetime64[ns]"),
        "2024-02-01",
    ],
)
def test_cutoffs_may_be_timestamps_datetimes_dates_or_texts(frame, cutoffs):
    found = tsattn.backtest(frame, read=COLUMNS, horizon=5, cutoffs=cutoffs, baselines=["naive"]).scores.cutoffs
    months = [2] if np.ndim(cutoffs) == 0 else [2, 3]
    assert found.tolist() == [dt.datetime(2024, month, 1) for month in months]


def test_when_a_cutoff_is_not_a_time_then_the_error_names_the_option(frame):
    with pytest.raises(ConfigError, match=r'^cutoffs=\["17.11.2025"\] is not a time') as caught:
        tsattn.backtest(frame, read=COLUMNS, cutoffs=["17.11.2025"])
    assert caught.value.message == "--cutoffs '17.11.2025' is not a time"


def test_when_data_have_no_timestamps_then_cutoffs_are_an_error_that_names_the_option(own_workspace):
    with pytest.raises(ConfigError, match="`cutoffs` needs timestamps, but the data has none\nuse `windows` and `step`"):
        tsattn.backtest(list(range(40)), cutoffs=["2024-04-08"], horizon=3)


@pytest.mark.parametrize(
    ("cutoff", "nearest"),
    [
        ("2024-02-08", "the nearest cutoffs are 2024-02-05 and 2024-02-12"),
        ("2024-04-08", "the nearest cutoff is 2024-03-25"),  # the last with two weeks after it
        ("2023-04-08", "the nearest cutoff is 2024-01-01"),
    ],
)
def test_when_no_row_is_at_a_cutoff_then_the_error_names_the_nearest_ones(own_workspace, cutoff, nearest):
    weeks = pd.DataFrame({"week": pd.date_range("2024-01-01", "2024-04-08", freq="7D"), "sales": np.arange(15.0)})
    with pytest.raises(ConfigError, match=f"no series has a row at {cutoff} and 2 steps after it\n{nearest}; or use a shorter"):
        tsattn.backtest(weeks, horizon=2, cutoffs=[cutoff])
    with pytest.raises(ConfigError, match="and 20 steps after it\nuse a shorter `horizon`"):
        tsattn.backtest(weeks, horizon=20, cutoffs=[cutoff])


def test_when_the_package_is_asked_for_help_then_its_functions_have_signatures_and_docstrings():
    import inspect

    for name in ("forecast", "train", "backtest", "load", "models", "describe"):
        function = getattr(tsattn, name)
        assert inspect.isfunction(function)
        assert function.__doc__
    assert "horizon" in inspect.signature(tsattn.forecast).parameters
    assert tsattn.ReadOptions(item="shop").item == ("shop",)
    assert tsattn.models().models == ()
