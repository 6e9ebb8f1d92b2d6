"""Warnings where a model has seen what it is to forecast, or has not seen the series."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tsattn
from tests import tiny
from tsattn import BacktestConfig
from tsattn.cli.main import main
from tsattn.forecasting.baselines import baseline
from tsattn.model.card import read_card
from tsattn.workflows import train, training_data
from tsattn.workflows.refit import Refit
from tsattn.workflows.training_data import MOST_SERIES, extent, known_share

LAST_TRAINED, FIRST_TESTED = "2024-03-28", "2024-03-29"  # of 100 days from 2024-01-01, 2 × 6 of them held back


def shops(names: str, days: int = 100) -> pd.DataFrame:
    """Daily sales of shops from 2024-01-01."""
    rng, when = np.random.default_rng(0), pd.date_range("2024-01-01", periods=days)
    wave = 20 + 5 * np.sin(np.arange(days) * 2 * np.pi / 7)
    parts = [pd.DataFrame({"day": when, "shop": shop, "sales": wave + rng.normal(0, 1, days)}) for shop in names]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, zero_shot: Path) -> Iterator[str]:
    """The path of the data of a model of three shops, trained from scratch to LAST_TRAINED, in a workspace of this file."""
    place = tmp_path_factory.mktemp("seen")
    shops("abc").to_csv(place / "shops.csv", index=False)
    config = tiny.write_toml(place / "tiny.toml")
    words = ["--config", str(config), "--from-scratch", "--horizon", "6", "--test-windows", "2", "--name", "shops", "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
        patch.setenv("TSATTN_WORKSPACE", str(place / "w"))
        patch.setattr(train, "score_tail", lambda *_: (None, "a stub"))
        patch.setattr(train._Training, "export", lambda _self, _network, card: card)
        assert main(["train", str(place / "shops.csv"), "--steps", "2", *words]) == 0
        yield str(place / "shops.csv")


def warned(notes: tuple[str, ...]) -> list[str]:
    return [note for note in notes if note.startswith("warning: ")]


def test_when_as_of_is_before_the_end_of_the_training_rows_then_a_warning_names_that_end(model, capsys):
    (line,) = warned(tsattn.forecast(model, model="shops", as_of="2024-03-27").notes)
    assert f"shops/1 was trained on data up to {LAST_TRAINED}, " in line
    assert "--model zero-shot" in line
    capsys.readouterr()
    assert main(["forecast", model, "--model", "shops", "--as-of", "2024-03-27", "--json"]) == 0
    printed = capsys.readouterr()
    assert line in json.loads(printed.out)["notes"]
    assert line in " ".join(printed.err.split())


def test_when_as_of_is_in_the_rows_held_back_or_the_model_is_zero_shot_then_nothing_is_said(model):
    assert not warned(tsattn.forecast(model, model="shops", as_of=LAST_TRAINED).notes)
    assert not warned(tsattn.forecast(model, model="shops", as_of=FIRST_TESTED).notes)
    assert not warned(tsattn.forecast(model, model="zero-shot", as_of="2024-03-01").notes)


def test_when_a_job_is_run_as_of_a_time_before_the_end_of_the_training_rows_then_its_log_warns(model, tmp_path, capsys):
    jobs = tmp_path / "jobs.toml"
    jobs.write_text(f"[[job]]\nname = 'shops'\ninput = '{model}'\nmodel = 'shops'\noutputs = ['out.csv']\n", "utf-8")
    for day, warns in (("2024-03-27", True), (FIRST_TESTED, False)):
        assert main(["run", str(jobs), "--as-of", day]) == 0
        said = " ".join(capsys.readouterr().err.split())
        assert (f"warning shops: shops/1 was trained on data up to {LAST_TRAINED}" in said) == warns


def test_when_a_job_chooses_a_model_of_other_series_then_its_log_warns_with_quiet_too(model, tmp_path, capsys):
    shops("xyz").to_csv(tmp_path / "depots.csv", index=False)
    jobs = tmp_path / "jobs.toml"
    jobs.write_text("[[job]]\nname = 'depots'\ninput = 'depots.csv'\noutputs = ['out.csv']\n", "utf-8")
    assert main(["run", str(jobs), "--quiet", "--dry-run"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "warning depots: shops/1, the newest model that fits, was trained on none of the" in said
    assert "warning: " not in said


def test_when_refit_is_given_then_the_warning_about_the_windows_refers_to_the_refitted_model(model, monkeypatch):
    refitted = baseline("naive")
    refitted.name = "shops (refitted)"
    monkeypatch.setattr(Refit, "__call__", lambda *_: refitted)
    path = Path(model)
    other = path.with_name("other.csv")
    other.write_text("\n".join(path.read_text("utf-8").splitlines()[:-1]) + "\n", "utf-8")
    for data in (model, str(other)):  # the data that the model was trained on, and others
        config = BacktestConfig(windows=20, baselines=("naive",))
        (line,) = warned(tsattn.backtest(data, model="shops", config=config).notes)
        assert "use --refit" in line
        (line,) = warned(tsattn.backtest(data, model="shops", config=dataclasses.replace(config, refit=True)).notes)
        assert line.endswith("; see the scores of the refitted model")


def test_when_other_data_are_scored_at_cutoffs_before_the_end_of_the_training_rows_then_a_warning_says_so(model):
    longer = shops("abc", 110)  # with rows after the training: other data than those of the training
    early = tsattn.backtest(longer, model="shops", horizon=6, windows=4)
    (line,) = warned(early.notes)
    assert f"trained on data up to {LAST_TRAINED}, after the first cutoff of these windows (2024-03-26)" in line
    assert not warned(tsattn.backtest(longer, model="shops", horizon=6, windows=3).notes)
    assert warned(tsattn.backtest(longer, model="shops", horizon=6, cutoffs=["2024-03-27"]).notes)
    assert not warned(tsattn.backtest(longer, model="zero-shot", horizon=6, windows=4).notes)


def test_when_the_training_data_are_scored_on_training_rows_then_one_warning_says_so(model):
    (line,) = warned(tsattn.backtest(model, model="shops", horizon=6, windows=4).notes)
    assert "was trained on rows of these windows" in line


def test_when_the_newest_model_saw_none_or_few_of_the_series_then_a_warning_says_what_to_type(model, capsys):
    (line,) = warned(tsattn.forecast(shops("uvwx")).notes)
    assert line.startswith("warning: shops/1, the newest model that fits, was trained on none of the 4 series")
    assert "--model zero-shot" in line
    assert "tsattn train DATA" in line
    (few,) = warned(tsattn.forecast(shops("auvw")).notes)
    assert "trained on about 25 % of the 4 series" in few
    assert not warned(tsattn.forecast(shops("abcu")).notes)
    assert not warned(tsattn.forecast(shops("uvwx"), model="shops").notes)  # chosen by its name


def test_when_a_model_has_many_series_then_its_card_keeps_some_and_the_share_is_estimated(saved):
    panel = dataclasses.replace(tiny.waves((20,) * 3), dated=True)
    names = tuple(f"shop {i}" for i in range(5 * MOST_SERIES))
    kept = extent(panel, panel.origin)
    assert len(kept["series"]) == 3
    assert kept["trained_to"] == "2000-01-03T19:00:00.000000"
    some = sorted(set(map(training_data._hash, names)))[:MOST_SERIES]
    card = dataclasses.replace(read_card(saved), source={"series": some})
    assert known_share(card, names) == 1
    assert known_share(card, [*names[:1000], *(f"other {i}" for i in range(1000))]) == pytest.approx(0.5, abs=0.1)
    assert known_share(dataclasses.replace(card, source={}), names) is None
