"""Models that a backtest fits anew before each cutoff: what is fitted, on which rows, and what stays as saved."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tsattn
from tests import tiny
from tsattn import BacktestConfig
from tsattn.config import NO_SUMS
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.forecasting.trees.tree_correction import TreeCorrection
from tsattn.model import artifact
from tsattn.model.card import UNCHANGED
from tsattn.training import boosting, fit
from tsattn.workflows.candidates import TUNED
from tsattn.workflows.find_model import ModelAndData
from tsattn.workflows.refit import Refit, check_refit
from tsattn.workspace import ModelRef, Workspace

HOURS, HORIZON = 600, 12
STILL = dataclasses.replace(tiny.TRAIN, steps=1, learning_rate=1e-12)


def choice(place, panel: Panel, **card: Any) -> ModelAndData:
    """A saved model of random weights; with trees, if the card gives them a share."""
    network = tiny.scrambled(dataclasses.replace(tiny.MODEL, **card.pop("model", {})), seed=1)
    made = dataclasses.replace(tiny.card_of(network), **card)
    trees = boosting.fit(panel, made.horizon) if made.trees else None
    ref = ModelRef("tiny", 1, place / "tiny" / "0001")
    return ModelAndData(ref, artifact.save_weights(ref.path, network, made, trees), panel, None)


def refitted(one: ModelAndData, before: Panel, **options: Any) -> Any:
    return Refit(one, "tiny", one.panel, HORIZON, Listener(), **options)(before)


def hours(count: int = HOURS) -> pd.DataFrame:
    rng, step = np.random.default_rng(0), np.arange(count)
    load = 50 + 10 * np.sin(2 * np.pi * step / 24) + rng.normal(0, 1, count)
    return pd.DataFrame({"time": pd.date_range("2024-01-01", periods=count, freq="h"), "load": load.round(2)})


def test_when_a_model_has_trees_then_they_are_fitted_anew_to_the_rows_before_each_cutoff(tmp_path, monkeypatch):
    workspace, ends = Workspace(tmp_path), []
    network = tiny.scrambled()
    card = dataclasses.replace(tiny.card_of(network), name="load", start=UNCHANGED, trees=1.0, tree_width=0.8)
    card = dataclasses.replace(card, schema=tsattn.ingest(hours()).panel.schema)
    artifact.save_weights(workspace.next_version("load").path, network, card, boosting.fit(tsattn.ingest(hours()).panel, HORIZON))
    real = boosting.fit
    monkeypatch.setattr(boosting, "fit", lambda panel, *rest: ends.append(int(panel.lengths[0])) or real(panel, *rest))

    def scored(data: pd.DataFrame) -> tuple[Any, pd.DataFrame]:
        config = BacktestConfig(windows=3, horizon=HORIZON, refit=True, baselines=("naive",))
        found = tsattn.backtest(data, model="load", workspace=tmp_path, config=config, output=tmp_path / "out.parquet")
        return found, pd.read_parquet(tmp_path / "out.parquet")

    found, table = scored(hours())
    assert found.scores.models == ("load + trees", "naive", "load + trees (refitted)")
    assert ends == [HOURS - back * HORIZON for back in (3, 2, 1)]
    assert "load + trees (refitted): the trees refitted on the rows before each cutoff; the rest is unchanged" in found.notes
    other = hours()
    other.loc[HOURS - 3 * HORIZON :, "load"] = 7.0
    _, after = scored(other)
    first = [one[one["cutoff"] == one["cutoff"].min()] for one in (table, after)]
    mine, its = (one.loc[one["model"] == "load + trees (refitted)", "0.5"].to_numpy() for one in first)
    np.testing.assert_array_equal(mine, its)
    saved = first[0].loc[first[0]["model"] == "load + trees", "0.5"].to_numpy()
    assert not np.array_equal(mine, saved)  # whose trees have seen later rows


def test_when_trees_are_refitted_then_share_and_width_stay_and_members_leave_them_out(tmp_path):
    panel = tiny.waves((HOURS,))
    one = choice(tmp_path, panel, start=UNCHANGED, trees=0.5, tree_width=0.8)
    made = refitted(one, panel.before(panel.origin - 50))
    assert isinstance(made, TreeCorrection)
    assert (made.share, made.width, made.name) == (0.5, 0.8, "tiny (refitted)")
    assert not isinstance(refitted(one, panel, members="network"), TreeCorrection)


def test_when_too_few_rows_are_before_a_cutoff_then_a_note_says_that_no_trees_were_fitted(tmp_path):
    panel = tiny.waves((HOURS,))
    refit = Refit(choice(tmp_path, panel, start=UNCHANGED, trees=1.0), "tiny", panel, HORIZON, Listener())
    refit(panel.before(panel.origin - 50))
    assert refit.late_notes == ()
    assert not isinstance(refit(panel.before(panel.origin - HOURS + 60)), TreeCorrection)
    (line,) = refit.late_notes
    assert line == "tiny (refitted): no trees at 1 of 2 cutoffs: too few earlier rows"


def test_when_a_model_was_fine_tuned_then_it_is_fine_tuned_again_and_else_from_random_weights(tmp_path, shipped):
    panel = tiny.waves((HOURS,))
    base, _ = artifact.load_network(shipped)

    def distance(start: str) -> float:
        network = refitted(choice(tmp_path / start, panel, start=start, train=STILL), panel)._network().state_dict()
        shared = [(network[name], weight) for name, weight in base.state_dict().items() if name.startswith("blocks.")]
        return max(float((mine - its).abs().max()) for mine, its in shared)

    assert distance(TUNED) < 1e-6
    assert distance("from scratch") > 0.01


def test_when_a_model_is_an_average_with_zero_shot_then_the_refitted_one_is_too(tmp_path, shipped):
    panel = tiny.waves((HOURS,))
    made = refitted(choice(tmp_path, panel, start=TUNED, train=STILL, zero_shot=0.75), panel)
    assert made.share == 0.75
    assert made.name == "tiny (refitted)"


def test_when_a_network_is_joint_then_only_its_attention_across_series_is_trained_last(tmp_path, monkeypatch):
    panel, phases = tiny.waves((HOURS, HOURS)), []
    real = fit.choose_weights

    def seen(panel: Panel, model: Any, train: Any, options: Any) -> Any:
        phases.append((model.across, train.only, options.start is not None))
        return real(panel, model, train, options)

    monkeypatch.setattr(fit, "choose_weights", seen)
    only = "across,head.led"
    train = dataclasses.replace(STILL, only=only)
    made = refitted(choice(tmp_path, panel, train=train, model={"across": 1}), panel)
    assert phases == [(0, "", False), (1, only, True)]
    assert made.joint


def test_when_leads_are_scored_separately_then_the_refitted_model_leaves_them_out(tmp_path):
    panel = tiny.waves((HOURS, HOURS))
    one = choice(tmp_path, panel, train=STILL, leads=True)
    assert hasattr(refitted(one, panel), "effects_between")
    assert not hasattr(refitted(one, panel, leads=False), "effects_between")


def test_when_there_is_nothing_to_refit_or_it_cannot_be_done_then_the_error_says_so(tmp_path, monkeypatch):
    panel = tiny.waves((HOURS,))

    def check(place: str, members: str | None = None, **card: Any) -> None:
        check_refit([choice(tmp_path / place, panel, **card)], members, NO_SUMS)

    with pytest.raises(ConfigError, match="nothing to refit: the network of tiny/1 is the zero-shot model"):
        check("a", start=UNCHANGED)
    with pytest.raises(ConfigError, match="nothing to refit"):
        check("b", members="network", start=UNCHANGED, trees=1.0)
    check("c", start=UNCHANGED, trees=1.0)
    check("d")
    monkeypatch.setenv("TSATTN_ZERO_SHOT", "")
    with pytest.raises(ConfigError, match="was fine-tuned from the zero-shot model"):
        check("e", start=TUNED)
    with pytest.raises(ConfigError, match="needs a model trained on your data"):
        check_refit([], None, NO_SUMS)
    one = choice(tmp_path / "f", panel, trees=1.0)
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(ConfigError, match="cannot fit the trees of tiny/1: LightGBM is not installed"):
        check_refit([one], None, NO_SUMS)


def test_when_a_refit_is_interrupted_then_the_backtest_ends(tmp_path, monkeypatch):
    panel = tiny.waves((HOURS,))
    stopped = dataclasses.replace(tiny.card_of(tiny.scrambled()).fitted, stopped="interrupted")
    monkeypatch.setattr(fit, "fit", lambda *_: (tiny.scrambled(), stopped))
    with pytest.raises(KeyboardInterrupt):
        refitted(choice(tmp_path, panel), panel)
