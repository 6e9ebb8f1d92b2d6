"""Training where there is a model in the package: what may win is judged on the same windows, and the best is kept."""

from __future__ import annotations

import dataclasses
import signal

import numpy as np
import pytest

from tests import tiny
from tsattn import api
from tsattn.config import TrainConfig
from tsattn.errors import ArtifactError, ConfigError
from tsattn.events import Listener
from tsattn.forecasting.ensemble.ensemble import DEFAULT
from tsattn.model.card import read_card
from tsattn.training.run_options import Progress
from tsattn.workflows import candidates, model_selection, selection_notes
from tsattn.workflows.candidates import Judged
from tsattn.workflows.plan import plan

MODEL = {key: getattr(tiny.MODEL, key) for key in ("context", "patch", "width", "heads", "layers")}
# the precision is given: "auto" chooses by timing, which a busy machine may decide either way
QUICK = {"steps": 8, "batch": 8, "warmup": 2, "device": "cpu", "precision": "fp32"}


pytestmark = pytest.mark.usefixtures("shipped")


def work(place, panel=None, resume=False, listener=None, across=0, **train):
    panel = tiny.waves() if panel is None else panel
    made = plan(panel, horizon=12, model={**MODEL, "across": across}, train={**QUICK, **train})
    return model_selection.Run(panel.before(made.test_start), made, place, resume, listener or Listener())


def base(start="auto", **given):
    return model_selection.base_for(start, {**MODEL, **given})


def test_when_there_is_a_model_in_the_package_then_all_ways_are_judged_and_the_best_is_kept(tmp_path):
    best, scores = model_selection.run(work(tmp_path), base(), "auto")
    alone = [score for score in scores if not score.members and not score.zero_shot]
    assert {score.name for score in alone} == {model_selection.SCRATCH, model_selection.TUNED, model_selection.AS_IS}
    assert model_selection.AS_IS in {score.name for score in scores if score.members} <= {score.name for score in alone}
    averages = [(score.name, score.zero_shot) for score in scores if score.zero_shot]
    assert sorted(averages) == [(model_selection.TUNED, share) for share in candidates.SHARES]
    assert (best.name, best.members, best.zero_shot) == (scores[0].name, scores[0].members, scores[0].zero_shot)
    assert [score.rank for score in scores] == sorted(score.rank for score in scores)
    assert "best candidate: " + best.name in selection_notes.notes_of(best, scores, tiny.waves().schema)[0]


def test_when_a_joint_model_is_trained_then_without_other_series_it_is_the_network_trained_on_single_ones(tmp_path):
    single, _ = model_selection.run(work(tmp_path / "single", finish=0.0), base("shipped"), "shipped")
    joint, _ = model_selection.run(work(tmp_path / "joint", finish=0.0, across=1), base("shipped"), "shipped")
    assert (single.name, joint.name) == (model_selection.TUNED, model_selection.TUNED + model_selection.JOINTLY)
    assert joint.joint
    assert joint.fitted.steps == 2 * single.fitted.steps
    weights = joint.network.state_dict()
    added = {name for name in weights if name not in single.network.state_dict()}
    assert {name.split(".")[0] for name in added} == {"across", "head"}
    assert all((weights[name] == value).all() for name, value in single.network.state_dict().items())
    assert any(weights[name].any() for name in added if name.endswith("project_out.weight"))


def test_when_a_joint_run_is_judged_then_the_network_on_single_series_scores_as_in_a_usual_run(tmp_path):
    _, usual = model_selection.run(work(tmp_path / "usual"), base(), "auto")
    _, scores = model_selection.run(work(tmp_path / "joint", across=1), base(), "auto")
    loss = {score.name: score.loss for score in scores if not score.members and not score.zero_shot}
    assert {score.name: score.loss for score in usual if not score.members and not score.zero_shot}.items() <= loss.items()
    assert {score.name for score in scores if score.joint} == {
        model_selection.TUNED + model_selection.JOINTLY,
        model_selection.SCRATCH + model_selection.JOINTLY,
    }


def test_when_it_is_judged_then_most_steps_went_into_fine_tuning(tmp_path):
    steps = []
    model_selection.run(
        work(tmp_path, listener=Listener(progress=lambda now: steps.append((now.phase, now.step, now.steps)))), base(), "auto"
    )
    assert [step for _, step, _ in steps] == list(range(1, len(steps) + 1))
    phases = [phase for phase, _, _ in steps]
    assert (phases.count("fine-tuning"), phases.count("from scratch")) == (6, 2)
    assert (steps[-1][1] == steps[-1][2]) is ("final fit" in phases)


def test_when_there_is_no_time_to_score_members_then_zero_shot_is_saved_with_them(tmp_path, monkeypatch):
    monkeypatch.setattr(candidates, "JUDGING", 0.0)
    run = dataclasses.replace(work(tmp_path, learning_rate=1e-9), left=lambda: 1.0)
    best, scores = model_selection.run(run, base(), "auto")
    assert not any(score.members for score in scores)
    assert (best.name, best.members) == (model_selection.AS_IS, DEFAULT)


@pytest.mark.parametrize(("limit", "is_slow"), [(None, False), (20.0, True), (30.0, False)])
def test_a_time_limit_is_too_short_for_a_network_from_scratch_if_a_quarter_of_its_steps_takes_longer(limit, is_slow):
    before = dataclasses.replace(base().card.fitted, steps=100, seconds=10.0)
    assert model_selection._is_too_slow(TrainConfig(steps=1000, max_time=limit), before) is is_slow


def test_when_the_time_limit_is_too_short_for_it_then_no_network_is_trained_from_scratch(tmp_path):
    notes: list[str] = []
    run = work(tmp_path, listener=Listener(note=notes.append), steps=100_000, max_time=0.4)  # all steps take minutes
    _, scores = model_selection.run(run, base(), "auto")
    assert model_selection.SCRATCH not in {score.name for score in scores}
    assert "not tried, for lack of time: a network from scratch" in notes


def test_when_time_is_too_short_for_announced_candidates_then_a_note_names_them(tmp_path):
    notes: list[str] = []
    listener = Listener(note=notes.append)
    run = dataclasses.replace(work(tmp_path / "short", listener=listener, max_time=60.0), left=lambda: 0.0)
    model_selection.run(run, base(), "auto")
    assert notes[-1] == "not tried, for lack of time: a network from scratch, averages, trees"
    notes.clear()
    model_selection.run(work(tmp_path / "long", listener=listener), base(), "auto")
    assert not any("for lack of time" in note for note in notes)


def test_when_a_phase_ends_early_then_the_time_left_of_the_next_one_does_not_count_its_steps():
    seen: list[Progress] = []
    run = model_selection.Run(None, None, None, False, Listener(progress=seen.append))
    now = Progress(10, 50, 0.1, None, 1.0, seconds=30.0, remaining=30.0)
    run.progress_handler("from scratch", model_selection.Place(5, 40, 100), 50)(now)
    (heard,) = seen
    assert (heard.step, heard.steps) == (15, 100)
    assert heard.share == pytest.approx(0.4 + 0.5 / 2)
    assert heard.remaining == pytest.approx(30 + 60 * (100 - 40 - 50) / 50)  # a final fit of 10 steps is left


def test_when_many_candidates_are_zero_shot_with_trees_then_only_the_best_and_plain_zero_shot_are_named():
    entry = model_selection.Entry(model_selection.AS_IS, tiny.scrambled(), tiny.TRAIN, None, DEFAULT)
    scores = [Judged(candidates.AS_IS, DEFAULT, 0.7, 0.5 + share, trees=share) for share in (0.25, 0.5, 0.75, 1.0, 0.0)]
    scores[-1] = dataclasses.replace(scores[-1], loss=2.0)
    (line,) = selection_notes.notes_of(entry, scores, tiny.waves().schema)
    assert [f"{share} % trees 0.7" in line for share in (25, 50, 75, 100)] == [True, True, True, False]
    assert "zero-shot + members 0.700 / 2.000; tsattn describe lists all)" in line


def test_when_the_network_of_zero_shot_is_kept_without_its_members_then_its_scores_are_shown():
    entry = model_selection.Entry(model_selection.AS_IS, tiny.scrambled(), tiny.TRAIN, None, DEFAULT)
    scores = [Judged(candidates.AS_IS, (), 0.7, 0.5), Judged(candidates.TUNED, (), 0.6, 0.49)]
    (line,) = selection_notes.notes_of(entry, scores, tiny.waves().schema)
    assert line.endswith(
        "fine-tuned is not clearly lower (MASE / scaled quantile loss: fine-tuned 0.600 / 0.490, zero-shot 0.700 / 0.500)"
    )


def test_when_the_user_wants_one_start_then_nothing_else_is_trained(tmp_path):
    scratch, scores = model_selection.run(work(tmp_path / "a"), base("scratch"), "scratch")
    assert (scratch.name, scratch.members, scores) == (model_selection.SCRATCH, (), ())
    tuned, scores = model_selection.run(work(tmp_path / "b", learning_rate=1e-9), base("shipped"), "shipped")
    assert (tuned.name, tuned.fitted.steps, scores) == (model_selection.TUNED, 10, ())
    ready = base().network(tuned.network.config)
    seen = tiny.waves((64,)).target[None]
    wanted, found = (tiny.run(net, tiny.inputs_of(seen, net)) for net in (ready, tuned.network))
    np.testing.assert_allclose(found, wanted, rtol=1e-3)


def test_when_another_network_is_asked_for_then_it_is_trained_from_scratch_or_refused():
    assert base("auto", width=32) is None
    with pytest.raises(
        ConfigError, match='start="shipped" needs the architecture of the model in the package: width is 16, not 32'
    ):
        base("shipped", width=32)
    with pytest.raises(ConfigError, match="unknown start 'scrtch'"):
        base("scrtch")


def test_when_dropout_is_asked_for_then_the_network_of_the_package_is_trained_with_it(tmp_path):
    panel = tiny.waves()
    made = plan(panel, horizon=12, model={**MODEL, "dropout": 0.2, "drop_path": 0.1}, train=QUICK)
    run = model_selection.Run(panel.before(made.test_start), made, tmp_path, False, Listener())
    best, _ = model_selection.run(run, base("shipped", dropout=0.2, drop_path=0.1), "shipped")
    assert (best.name, best.network.config.dropout, best.network.config.drop_path) == (model_selection.TUNED, 0.2, 0.1)


def test_when_series_are_too_short_to_judge_by_then_the_model_in_the_package_is_kept(tmp_path):
    notes: list[str] = []
    panel = tiny.waves((30, 20))
    best, scores = model_selection.run(work(tmp_path, panel, listener=Listener(note=notes.append)), base(), "auto")
    assert (best.name, best.members, scores) == (model_selection.AS_IS, DEFAULT, ())
    assert any("too short for validation windows" in note for note in notes)


class Interrupt:
    """Ctrl-C at one step of one phase."""

    def __init__(self, phase, step):
        self.phase, self.step = phase, step

    def __call__(self, now):
        if (now.phase, now.step) == (self.phase, self.step):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("start", "phase", "step", "across"),
    [
        ("auto", "fine-tuning", 2, 0),
        ("auto", "from scratch", 17, 0),
        ("shipped", "fine-tuning", 5, 0),
        ("shipped", "final fit", 22, 0),
        ("auto", "fine-tuning", 2, 1),
        ("auto", "attention across series", 20, 1),
        ("shipped", "attention across series", 25, 1),
    ],
)
def test_when_it_is_interrupted_anywhere_and_resumed_then_it_ends_as_an_unbroken_run(tmp_path, start, phase, step, across):
    given = {"steps": 20, "finish": 0.5, "across": across}
    whole, scores = model_selection.run(work(tmp_path / "whole", **given), base(), start)
    listener = Listener(progress=Interrupt(phase, step))
    cut, _ = model_selection.run(work(tmp_path / "cut", listener=listener, **given), base(), start)
    assert cut.fitted.stopped == "interrupted"
    assert model_selection.so_far(tmp_path / "cut")
    again, found = model_selection.run(work(tmp_path / "cut", resume=True, **given), base(), start)
    assert found == scores
    assert (again.name, again.members, again.fitted.steps) == (whole.name, whole.members, whole.fitted.steps)
    assert tiny.equal(again.network, whole.network)


def test_when_what_comes_after_the_origin_is_garbage_then_the_same_is_kept(tmp_path):
    panel = tiny.waves()
    made = plan(panel, horizon=12, model=MODEL, train=QUICK)
    spoilt = dataclasses.replace(panel, target=panel.target.copy())
    for first, end in zip(made.test_start, panel.indptr[1:], strict=True):
        spoilt.target[first:end] = 1e9
    one, scores = model_selection.run(work(tmp_path / "a", panel), base(), "auto")
    two, others = model_selection.run(work(tmp_path / "b", spoilt), base(), "auto")
    assert scores == others
    assert tiny.equal(one.network, two.network)


def test_when_a_model_is_trained_then_its_card_says_what_was_kept_and_a_forecast_is_of_the_ensemble(tmp_path):
    notes: list[str] = []
    data = tmp_path / "w.csv"
    values = tiny.waves((300,)).target
    rows = [f"2024-01-{1 + t // 24:02d} {t % 24:02d}:00,{value:.3f}" for t, value in enumerate(values)]
    data.write_text("\n".join(["date,y", *rows]) + "\n", "utf-8")
    made = api.train(
        data, horizon=12, name="w", workspace=tmp_path, model=MODEL, training=QUICK, listener=Listener(note=notes.append)
    )
    card = read_card(made.ref.path)
    alone = [one for one in card.contest if not one["members"] and not one["zero_shot"]]
    assert len(alone) == 3
    assert len(card.contest) - len(alone) - len(candidates.SHARES) in (1, 2)  # ensembles of zero-shot and of the best network
    assert any(note.startswith(f"best candidate: {card.start}") for note in notes)
    assert made.scores.models[0] == card.scored_as
    (listed,) = api.models(workspace=tmp_path).models
    assert listed["scores"]["MASE"] == pytest.approx(made.scores.score(made.scores.models[0], "MASE"))
    found = api.forecast(data, model="w", workspace=tmp_path)
    assert any("weights: " in note for note in found.notes) == bool(card.members or card.zero_shot)
    assert found.forecast.horizon == 12


def test_when_the_variable_names_no_model_then_the_error_says_so_and_empty_means_none(monkeypatch, tmp_path):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(tmp_path))
    with pytest.raises(ArtifactError, match="TSATTN_ZERO_SHOT names"):
        base()
    monkeypatch.setenv("TSATTN_ZERO_SHOT", "")
    assert base() is None
    with pytest.raises(ConfigError, match="no model in the package"):
        base("shipped")
