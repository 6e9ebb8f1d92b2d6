"""Training: resumable to the bit; ended by Ctrl-C, time or patience; on unusual panels; on one and two processes."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError, TsattnError
from tsattn.forecasting.predict import predict
from tsattn.model import runtime
from tsattn.training.fit import fit
from tsattn.training.lightning import NEAR
from tsattn.training.run_options import Progress, RunOptions

ROOT = Path(__file__).parents[2]


def interrupt_at(step: int):
    """A listener that sends Ctrl-C once, at one step."""

    def tell(progress: Progress) -> None:
        if progress.step == step:
            signal.raise_signal(signal.SIGINT)

    return tell


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    heard: list[Progress] = []
    network, fitted = fit(
        tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path_factory.mktemp("unbroken"), on_progress=heard.append)
    )
    return network, fitted, heard


def test_when_training_goes_through_then_it_says_how_it_went(unbroken):
    network, fitted, heard = unbroken
    assert fitted.stopped == "finished"
    assert fitted.steps == tiny.TRAIN.steps == len(heard)
    assert [p.step for p in heard] == list(range(1, tiny.TRAIN.steps + 1))
    assert {p.steps for p in heard} == {tiny.TRAIN.steps}
    assert all(np.isfinite(p.loss) and p.windows_per_second > 0 and p.remaining >= 0 for p in heard)
    assert 0 < fitted.best_step <= fitted.steps
    scores = [p.validation for p in heard if p.validation is not None]
    assert fitted.validation in scores
    assert fitted.validation <= NEAR * min(scores)
    assert (fitted.device, fitted.precision) == ("cpu", "fp32")
    assert fitted.parameters == sum(p.numel() for p in network.parameters())
    assert not network.training


def test_when_the_same_is_trained_twice_then_the_weights_are_the_same_and_another_seed_gives_others(unbroken, tmp_path):
    again, _ = fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path / "a"))
    assert tiny.equal(again, unbroken[0])
    other, _ = fit(tiny.waves(), tiny.MODEL, dataclasses.replace(tiny.TRAIN, seed=1), RunOptions(state=tmp_path / "b"))
    assert not tiny.equal(other, unbroken[0])


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_when_a_run_is_interrupted_twice_and_resumed_then_it_ends_as_the_unbroken_one_did(tmp_path, dropout):
    model = dataclasses.replace(tiny.MODEL, dropout=dropout)
    panel, train = tiny.waves(), tiny.TRAIN
    whole, fitted = fit(panel, model, train, RunOptions(state=tmp_path / "whole"))
    for i, step in enumerate((7, 23)):
        _, part = fit(panel, model, train, RunOptions(state=tmp_path / "s", resume=i > 0, on_progress=interrupt_at(step)))
        assert part.stopped == "interrupted"
        assert step <= part.steps <= step + 1
    resumed, end = fit(panel, model, train, RunOptions(state=tmp_path / "s", resume=True))
    assert tiny.equal(resumed, whole)
    assert (end.validation, end.best_step, end.steps, end.stopped) == (fitted.validation, fitted.best_step, 40, "finished")


def test_when_a_run_is_interrupted_before_it_validated_then_what_it_has_is_kept(tmp_path):
    network, fitted = fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path, on_progress=interrupt_at(2)))
    assert fitted.stopped == "interrupted"
    assert fitted.validation is None
    assert np.isfinite(tiny.run(network, tiny.inputs_of(tiny.waves((64,)).target[None], network))).all()


def test_when_sigterm_comes_then_training_ends_after_its_step_as_at_ctrl_c(tmp_path):
    from tsattn import interrupts

    def tell(progress: Progress) -> None:
        if progress.step == 2:
            signal.raise_signal(signal.SIGTERM)

    with interrupts.listening():
        _, fitted = fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path, on_progress=tell))
        assert interrupts.exit_code() == 143
    assert fitted.stopped == "interrupted"
    assert fitted.steps == 3


def test_when_ctrl_c_was_handled_then_it_is_given_back(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path, on_progress=interrupt_at(2)))
    assert signal.getsignal(signal.SIGINT) is before


def test_when_a_finished_run_is_resumed_then_its_result_comes_back_at_once(unbroken, tmp_path):
    fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path))
    heard: list[Progress] = []
    again, fitted = fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path, resume=True, on_progress=heard.append))
    assert heard == []
    assert tiny.equal(again, unbroken[0])
    assert fitted.validation == unbroken[1].validation


CHANGES = {
    "steps": lambda p, m, t: (p, m, dataclasses.replace(t, steps=50)),
    "seed": lambda p, m, t: (p, m, dataclasses.replace(t, seed=3)),
    "width": lambda p, m, t: (p, dataclasses.replace(m, width=32), t),
    "data": lambda p, m, t: (dataclasses.replace(p, target=p.target + 1), m, t),
    "freq": lambda p, m, t: (dataclasses.replace(p, freq=tiny.Freq.parse("D")), m, t),
    "item_ids": lambda p, m, t: (dataclasses.replace(p, item_ids=("x", "y")), m, t),
    "known": lambda p, m, t: (dataclasses.replace(p, known=p.known * 2), m, t),
    "static": lambda p, m, t: (dataclasses.replace(p, static=p.static + 1), m, t),
}


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory):
    state = tmp_path_factory.mktemp("broken-off")
    panel = tiny.with_covariates()
    fit(panel, tiny.MODEL, tiny.TRAIN, RunOptions(state=state, on_progress=interrupt_at(3)))
    return state, panel


@pytest.mark.parametrize("what", CHANGES)
def test_when_settings_or_data_differ_then_resuming_is_refused(broken_off, what):
    state, panel = broken_off
    changed, model, train = CHANGES[what](panel, tiny.MODEL, tiny.TRAIN)
    with pytest.raises(ConfigError, match="other settings or data") as caught:
        fit(changed, model, train, RunOptions(state=state, resume=True))
    assert "remove --resume" in caught.value.hint


def test_when_there_is_nothing_to_resume_then_the_error_says_so(tmp_path):
    with pytest.raises(ConfigError, match="no interrupted run"):
        fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path / "none", resume=True))


def test_when_a_new_run_begins_then_it_forgets_the_old_one(tmp_path):
    fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path, on_progress=interrupt_at(25)))
    heard: list[Progress] = []
    fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path, on_progress=heard.append))
    assert heard[0].step == 1


def test_when_time_is_up_then_training_stops_and_keeps_the_best(tmp_path):
    train = dataclasses.replace(tiny.TRAIN, steps=100_000, max_time=1.0)
    started = time.monotonic()
    network, fitted = fit(tiny.waves(), tiny.MODEL, train, RunOptions(state=tmp_path))
    assert time.monotonic() - started < 10
    assert fitted.stopped == "time"
    assert 1.0 <= fitted.seconds < 5
    assert fitted.validation is not None
    assert np.isfinite(tiny.run(network, tiny.inputs_of(tiny.waves((64,)).target[None], network))).all()


def test_when_validation_no_longer_improves_then_training_stops_early_with_the_best(tmp_path, monkeypatch):
    import tsattn.training.dataset as room

    scores = iter([0.5, 0.3, 0.4, 0.35, 0.31, 9.0, 9.0])
    kept = []

    def score(network, *_, **__):
        kept.append({k: v.clone() for k, v in network.state_dict().items()})
        return next(scores)

    monkeypatch.setattr(room, "score", score)
    train = dataclasses.replace(tiny.TRAIN, steps=200, patience=3)
    network, fitted = fit(tiny.waves(), tiny.MODEL, train, RunOptions(state=tmp_path))
    assert (fitted.stopped, fitted.steps, fitted.best_step, fitted.validation) == ("early", 50, 20, 0.3)
    assert all((network.state_dict()[k] == v).all() for k, v in kept[1].items())


def test_when_newer_weights_score_about_as_well_then_they_are_kept(tmp_path, monkeypatch):
    import tsattn.training.dataset as room

    scores = iter([0.5, 0.300, 0.305, 0.31])  # within 2 % of the best, and beyond
    monkeypatch.setattr(room, "score", lambda *_, **__: next(scores))
    _, fitted = fit(tiny.waves(), tiny.MODEL, dataclasses.replace(tiny.TRAIN, steps=40), RunOptions(state=tmp_path))
    assert (fitted.best_step, fitted.validation, fitted.steps) == (30, 0.305, 40)


def test_when_nothing_was_observed_in_the_validation_tail_then_the_newest_weights_are_kept(tmp_path):
    panel = tiny.waves((300,))
    panel.target[-100:] = np.nan
    train = dataclasses.replace(tiny.TRAIN, patience=1)
    _, fitted = fit(panel, tiny.MODEL, train, RunOptions(state=tmp_path))
    assert (fitted.stopped, fitted.validation, fitted.best_step) == ("finished", None, 40)
    json.dumps(dataclasses.asdict(fitted), allow_nan=False)


def test_when_training_diverges_then_the_error_says_what_to_do(tmp_path):
    train = dataclasses.replace(tiny.TRAIN, steps=10, learning_rate=1e30)
    with pytest.raises(TsattnError, match="diverged") as caught:
        fit(tiny.waves(), tiny.MODEL, train, RunOptions(state=tmp_path))
    assert "learning_rate" in caught.value.hint


ODD_PANELS = {
    "items of 3 to 10 points": [np.arange(n) + 1.0 for n in range(3, 11)],
    "one item of 8 points": [np.arange(8.0)],
    "some items all missing": [np.full(60, np.nan), np.arange(60.0), np.full(5, np.nan)],
    "one constant": [np.full(200, 7.0)],
    "zero": [np.zeros(200)],
    "very different scales": [np.arange(100.0) * 1e12, np.arange(100.0) * 1e-12, np.sin(np.arange(100))],
    "mostly missing": [np.where(np.arange(300) % 37 == 0, np.arange(300.0), np.nan)],
    "a spike": [np.where(np.arange(300) == 150, 1e15, np.sin(np.arange(300)))],
    "beyond what can be squared": [np.arange(100.0) * 1e30, np.sin(np.arange(100))],
}


@pytest.mark.parametrize("name", ODD_PANELS)
def test_when_a_panel_is_odd_then_training_ends_with_finite_weights(name, tmp_path):
    panel = Panel.from_arrays(ODD_PANELS[name], freq="D")
    network, fitted = fit(panel, tiny.MODEL, dataclasses.replace(tiny.TRAIN, steps=8), RunOptions(state=tmp_path))
    assert fitted.stopped == "finished"
    assert all(np.isfinite(v.numpy()).all() for v in network.state_dict().values())
    assert fitted.validation is None or np.isfinite(fitted.validation)


def test_when_a_series_follows_a_known_covariate_then_knowing_it_halves_the_error(tmp_path):
    panel = tiny.with_covariates(length=600, weight=6.0)
    train = dataclasses.replace(tiny.TRAIN, steps=160, batch=16, learning_rate=3e-3)
    truth = tiny.with_covariates(length=600, weight=6.0, future=24).known[:, 0]
    errors = {}
    for name, given in (("with", panel), ("without", tiny.without_known(panel))):
        network, _ = fit(given, tiny.MODEL, train, RunOptions(state=tmp_path / name))
        forecaster = runtime.of_network(network, tiny.card_of(network, schema=given.schema))
        made, _ = predict(forecaster, given, horizon=12)
        rows = given.origin[:, None] + np.arange(12)
        errors[name] = float(np.abs(made.median - (20 + 6.0 * truth[rows])).mean())
    assert errors["with"] < 0.5 * errors["without"], errors


def test_when_covariates_are_given_then_their_spread_is_measured_before_the_origins_only(tmp_path):
    panel = tiny.with_covariates(future=40)
    known = panel.known.copy()
    for first, end in zip(panel.origin, panel.indptr[1:], strict=True):
        known[first:end] = 1e6
    quick = dataclasses.replace(tiny.TRAIN, steps=2)
    one, _ = fit(panel, tiny.MODEL, quick, RunOptions(state=tmp_path / "a"))
    two, _ = fit(dataclasses.replace(panel, known=known), tiny.MODEL, quick, RunOptions(state=tmp_path / "b"))
    assert float(one.known_mean[-1]) == float(two.known_mean[-1]) == pytest.approx(0.5, abs=0.2)
    assert (one.known_mean[:-1] == 0).all()  # calendar features are as they are
    assert float(one.static_std[0]) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("change", "said"), [({"device": "tpu"}, "unknown device"), ({"precision": "fp8"}, "unknown precision")], ids=str
)
def test_when_a_device_or_a_precision_is_unknown_then_the_error_says_so(tmp_path, change, said):
    with pytest.raises(ConfigError, match=said):
        fit(tiny.waves(), tiny.MODEL, dataclasses.replace(tiny.TRAIN, **change), RunOptions(state=tmp_path))


def test_when_a_logger_is_unknown_then_the_error_says_which_there_is(tmp_path):
    with pytest.raises(ConfigError, match="unknown logger 'wandb'"):
        fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=tmp_path, logger="wandb"))


def test_when_training_in_bf16_then_the_weights_are_float32_and_close(unbroken, tmp_path):
    network, fitted = fit(tiny.waves(), tiny.MODEL, dataclasses.replace(tiny.TRAIN, precision="bf16"), RunOptions(state=tmp_path))
    assert fitted.precision == "bf16"
    assert {str(p.dtype) for p in network.parameters()} == {"torch.float32"}
    assert fitted.validation == pytest.approx(unbroken[1].validation, rel=0.1)


def test_when_training_then_the_callers_random_state_and_loggers_are_left_alone(tmp_path, capfd):
    import torch

    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    fit(tiny.waves(), tiny.MODEL, dataclasses.replace(tiny.TRAIN, steps=3), RunOptions(state=tmp_path))
    assert torch.equal(torch.random.get_rng_state(), before)
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")


TWO_PROCESSES = """
import dataclasses, sys
from pathlib import Path
from tests import tiny
from tsattn.model.card import digest
from tsattn.training.fit import fit
from tsattn.training.run_options import RunOptions
from safetensors.torch import save_file

place = Path(sys.argv[1])
train = dataclasses.replace(tiny.TRAIN, steps=20, devices=2)
network, fitted = fit(tiny.waves(), tiny.MODEL, train, RunOptions(state=place / "state"))
import os
rank = os.environ.get("LOCAL_RANK", "0")
save_file(network.state_dict(), place / f"rank{rank}.safetensors")
os.write(1, f"{rank} {fitted.stopped} {fitted.steps}\\n".encode())  # in one piece: both processes share the pipe
"""


def test_when_two_processes_train_then_both_end_with_the_same_weights(tmp_path):
    script = tmp_path / "two.py"
    script.write_text(TWO_PROCESSES)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=600, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    assert sorted(line for line in done.stdout.splitlines() if line) == ["0 finished 20", "1 finished 20"]
    first, second = (tmp_path.joinpath(f"rank{rank}.safetensors").read_bytes() for rank in (0, 1))
    assert first == second


FINISH = dataclasses.replace(tiny.TRAIN, finish=0.9)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    heard: list[Progress] = []
    network, fitted = fit(
        tiny.waves(), tiny.MODEL, FINISH, RunOptions(state=tmp_path_factory.mktemp("finish"), on_progress=heard.append)
    )
    return network, fitted, heard


def test_when_the_weights_are_chosen_then_they_are_taken_on_over_all_rows(unbroken, finished):
    network, fitted, heard = finished
    extra = round(FINISH.finish * unbroken[1].best_step)
    assert fitted.steps == tiny.TRAIN.steps + extra
    assert (fitted.best_step, fitted.validation) == (unbroken[1].best_step, unbroken[1].validation)
    assert [p.step for p in heard] == list(range(1, fitted.steps + 1))
    assert heard[-1].steps == fitted.steps
    moved = [float((a - b).abs().max().detach()) for a, b in zip(network.parameters(), unbroken[0].parameters(), strict=True)]
    assert max(moved) > 0
    assert max(moved) < 0.1


def test_when_the_newest_rows_differ_then_only_the_last_steps_learn_from_them(finished, tmp_path):
    changed = tiny.waves()
    last = changed.origin[0] - 5
    changed.target[last : changed.origin[0]] += 2.0
    shown = []
    network, _ = fit(changed, tiny.MODEL, FINISH, RunOptions(state=tmp_path, on_progress=shown.append))
    main = [(a.loss, b.loss) for a, b in zip(shown, finished[2], strict=True) if a.step <= tiny.TRAIN.steps]
    assert all(one == other for one, other in main)
    assert any((a != b).any() for a, b in zip(network.parameters(), finished[0].parameters(), strict=True))


def test_when_the_last_steps_are_interrupted_then_the_chosen_weights_are_kept_and_a_resumed_run_ends_alike(
    unbroken, finished, tmp_path
):
    network, fitted = fit(
        tiny.waves(), tiny.MODEL, FINISH, RunOptions(state=tmp_path, on_progress=interrupt_at(tiny.TRAIN.steps + 2))
    )
    assert fitted.stopped == "interrupted"
    assert all((a == b).all() for a, b in zip(network.parameters(), unbroken[0].parameters(), strict=True))
    network, fitted = fit(tiny.waves(), tiny.MODEL, FINISH, RunOptions(state=tmp_path, resume=True))
    assert fitted.stopped == "finished"
    assert all((a == b).all() for a, b in zip(network.parameters(), finished[0].parameters(), strict=True))
