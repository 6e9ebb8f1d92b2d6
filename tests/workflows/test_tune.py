"""A search: what it may see, what it keeps, and how it ends. Training is a stub where only the search is asked about."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest

import tsattn
from tests import tiny
from tsattn.config import to_mapping
from tsattn.errors import ConfigError, TsattnError
from tsattn.events import Listener
from tsattn.model.card import Fitted
from tsattn.workflows import tune as workflow
from tsattn.workflows.time_budget import LEAST

pytest.importorskip("optuna")
MODEL = {key: value for key, value in to_mapping(tiny.MODEL).items() if key not in ("horizon", "layers")}
TRAIN = {"steps": 3, "batch": 4, "warmup": 1, "device": "cpu", "precision": "fp32"}


@pytest.fixture
def data(tmp_path):
    days = np.arange("2024-01-01", "2024-10-01", dtype="datetime64[D]")
    values = 20 + 3 * np.sin(np.arange(len(days)) * 2 * np.pi / 7) + np.random.default_rng(0).normal(0, 0.3, len(days))
    path = tmp_path / "shop.csv"
    path.write_text("day,sales\n" + "".join(f"{d},{v:.4f}\n" for d, v in zip(days, values, strict=True)))
    return path


@pytest.fixture
def tune(tmp_path, monkeypatch, data):
    """Tune on a small file. Training gives random weights: more layers have a lower error by decree."""
    fits: list[Any] = []

    def fit(panel, model, train, options):
        fits.append((panel, model, train))
        return tiny.scrambled(model, known=_known(panel)), Fitted("finished", 3, 3, 0.5, 1.0, "cpu", "fp32", 1)

    monkeypatch.setattr("tsattn.training.fit.fit", fit)
    monkeypatch.setattr("tsattn.training.fit.choose_weights", fit)
    monkeypatch.setattr("tsattn.training.fit.finish", lambda panel, network, fitted, train, options: (network, fitted))
    tiny.without_export(monkeypatch)
    monkeypatch.setattr(workflow, "relative_error", lambda _: 1.0 - 0.01 * fits[-1][1].layers)

    def run(**options: Any) -> Any:
        given = {"model": MODEL, "training": TRAIN, "horizon": 7, "workspace": tmp_path / "w", "trials": 4} | options
        return tsattn.tune(data, **given)

    run.fits = fits  # type: ignore[attr-defined]
    return run


def _known(panel) -> int:
    from tsattn.data.freq import calendar_names

    return len(calendar_names(panel.freq)) + panel.known.shape[1]


def test_when_a_search_ends_then_the_best_settings_are_trained_and_the_usual_ones_were_tried_first(tune):
    heard: list[Any] = []
    found = tune(listener=Listener(trial=heard.append))
    assert [one.state for one in heard] == ["running", "done"] * 4
    assert heard[0].changed == {}
    best = min(found.tried, key=lambda one: one.score)
    assert found.best.score == best.score
    assert found.trained.card.model.layers == max(fit[1].layers for fit in tune.fits)
    assert found.to_mapping()["tuning"]["best"] == found.best.number
    assert str(found.trained.ref) == "shop/1"


def test_when_settings_are_tried_then_nothing_at_or_after_the_test_tail_is_seen(tune):
    found = tune(trials=2)
    start = found.trained.plan.test_start
    *trials, final = tune.fits
    assert len(trials) == 4  # two folds each
    assert all((panel.origin <= start - 7).all() and np.isnan(panel.target[panel.origin[0] :]).all() for panel, *_ in trials)
    assert (final[0].origin == start).all()


def test_when_a_search_goes_on_then_earlier_trials_count_and_are_not_done_again(tune):
    tune(trials=2)
    before = len(tune.fits)
    found = tune(trials=3, resume=True)
    assert [one.number for one in found.tried] == [0, 1, 2]
    assert len(tune.fits) == before + 2 + 1  # one trial of two folds, and the final training
    again = tune(trials=2)
    assert [one.number for one in again.tried] == [0, 1]  # without --resume it begins anew


def test_when_there_is_no_search_to_go_on_with_then_that_is_said(tune):
    with pytest.raises(ConfigError, match="no search on this data"):
        tune(resume=True)


def test_when_a_run_was_killed_in_a_trial_then_the_search_goes_on(tune, monkeypatch):
    def die(*_: Any) -> float:
        raise SystemExit(9)

    with monkeypatch.context() as broken:
        broken.setattr(workflow._Search, "_score", die)
        with pytest.raises(SystemExit):
            tune()
    found = tune(resume=True, trials=2)
    assert [one.state for one in found.tried] == ["failed", "done", "done"]


def test_when_ctrl_c_is_pressed_then_the_best_so_far_is_kept(tune, monkeypatch):
    heard: list[str] = []

    def interrupt(one: Any) -> None:
        if one.number == 2 and one.state == "running":
            raise KeyboardInterrupt

    found = tune(listener=Listener(note=heard.append, trial=interrupt))
    assert found.interrupted
    assert [one.state for one in found.tried][:2] == ["done", "done"]
    assert any("Ctrl-C again" in note for note in heard)
    assert found.trained.ref.path.is_dir()


def test_when_training_itself_is_interrupted_then_the_search_ends(tune, monkeypatch):
    made = Fitted("interrupted", 1, 1, 0.5, 1.0, "cpu", "fp32", 1)
    calls: list[int] = []
    fit = sys.modules["tsattn.training.fit"].fit

    def once(*arguments: Any, **options: Any) -> Any:
        network, fitted = fit(*arguments, **options)
        calls.append(1)
        return network, made if len(calls) == 3 else fitted  # in the first fold of the second trial

    monkeypatch.setattr("tsattn.training.fit.fit", once)
    found = tune()
    assert found.interrupted
    assert found.best.number == 0
    assert [one.state for one in found.tried] == ["done", "stopped"]


def test_when_what_the_user_settled_leaves_no_network_then_it_fails_at_once(tune):
    states: list[str] = []
    with pytest.raises(ConfigError, match="must be a multiple of twice the heads"):
        tune(model={**MODEL, "width": 18}, listener=Listener(trial=lambda one: states.append(one.state)))
    assert states == ["running", "failed"]


def test_when_no_trial_is_finished_then_there_is_an_error_and_no_model(tune, monkeypatch, tmp_path):
    def fail(*_: Any) -> float:
        raise TsattnError("training diverged")

    monkeypatch.setattr(workflow._Search, "_score", fail)
    with pytest.raises(TsattnError, match="no trial finished"):
        tune(trials=1)
    assert not list((tmp_path / "w").glob("models/*/*"))


def test_when_time_is_short_then_the_search_ends_in_time_and_trains_with_what_it_has(tune, monkeypatch):
    clock = iter(np.arange(0.0, 1e6, 10.0))
    monkeypatch.setattr(workflow.time, "monotonic", lambda: float(next(clock)))
    found = tune(max_time=150.0, trials=100)
    assert 1 <= len(found.tried) < 20
    assert not found.interrupted
    kept = workflow.KEPT * 150  # for the final run, of which the training gets at least half
    assert found.trained.card.train.max_time >= LEAST * kept


def test_when_optuna_is_missing_then_the_error_says_what_to_install(tune, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError) as caught:
        tune()
    assert "pip install 'tsattn[tune]'" in caught.value.hint


@pytest.mark.parametrize("learned", [False, True])
def test_when_the_tuned_network_is_not_better_than_zero_shot_then_zero_shot_is_saved_unchanged(
    tune, shipped, monkeypatch, learned
):
    from tsattn.workflows import candidates

    if learned:
        score = candidates._Contest._judged

        def judged(self: Any, entry: Any, values: Any) -> Any:
            made = score(self, entry, values)
            return dataclasses.replace(made, loss=0.1 * made.loss) if entry.name == candidates.SCRATCH else made

        monkeypatch.setattr(candidates._Contest, "_judged", judged)
    found = tune(trials=2).trained
    assert {row["model"] for row in found.card.contest} == {candidates.SCRATCH, candidates.AS_IS}
    assert found.card.start == (candidates.SCRATCH if learned else candidates.AS_IS)
    assert found.beats_zero_shot is learned
    said = "the zero-shot model was saved unchanged"
    assert (said in repr(found)) is not learned
    assert any(note.startswith("best candidate: ") for note in found.notes)


def test_when_a_training_is_real_then_a_search_prunes_scores_and_saves(data, tmp_path):
    """Nothing is a stub but the export."""
    with pytest.MonkeyPatch.context() as patch:
        tiny.without_export(patch)
        found = tsattn.tune(data, model=MODEL, training=TRAIN, horizon=7, workspace=tmp_path / "w", trials=2)
    assert all(one.state in ("done", "pruned") for one in found.tried)
    assert 0 < found.best.score < 5


def test_when_no_trial_is_asked_for_then_the_error_says_so():
    with pytest.raises(ConfigError, match="needs at least one trial, not 0"):
        tsattn.tune([1.0, 2.0], trials=0)
