"""State of a run on disk: the newest complete one is read, and optimisers are restored to the bit."""

from __future__ import annotations

import dataclasses
import json
import shutil
from itertools import pairwise

import pytest
import torch

from tests import tiny
from tsattn.config import TrainConfig
from tsattn.errors import ConfigError
from tsattn.training.checkpoint import RunState, check_resumable, clear_state, clear_strays, read_state, under, write_state
from tsattn.training.optim import make_optimizers, optimizer_tensors, restore_optimizers, schedule, set_rate

TENSORS = {
    "network.a": torch.arange(6.0).view(2, 3),
    "network.b.c": torch.tensor(3),
    "best.a": torch.ones(2, dtype=torch.bfloat16),
}


def notes(step: int) -> RunState:
    return RunState({"steps": 9, "front_end": "lstm"}, "fp32", step=step, best=0.5, seconds=1.25)


def test_when_a_state_is_written_then_the_same_is_read_and_older_ones_are_gone(tmp_path):
    for step in (1, 2, 13):
        write_state(tmp_path / "s", notes(step), TENSORS)
    found, tensors = read_state(tmp_path / "s")
    assert found == notes(13)
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[k], v) and tensors[k].dtype == v.dtype for k, v in TENSORS.items())
    assert len(list((tmp_path / "s").iterdir())) == 1


def test_when_there_is_no_state_then_none_is_read(tmp_path):
    assert read_state(tmp_path) is None
    assert read_state(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", ["notes.json", "tensors-00.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "foreign"])
def test_when_the_newest_state_is_not_whole_then_the_one_before_it_is_read(tmp_path, name, damage):
    write_state(tmp_path, notes(1), TENSORS)
    shutil.copytree(tmp_path / "step-0000001", tmp_path / "step-0000002")
    path = tmp_path / "step-0000002" / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "half": content[: len(content) // 2], "foreign": b'{"a": 1}'}[damage])
    found, _ = read_state(tmp_path)
    assert found.step == 1


def test_when_a_killed_run_left_a_folder_beside_then_it_is_not_read_and_clearing_removes_it(tmp_path):
    write_state(tmp_path, notes(1), TENSORS)
    shutil.copytree(tmp_path / "step-0000001", tmp_path / ".step.abc.tmp")
    (tmp_path / "request.json").write_text("{}")
    (tmp_path / ".request.json.abc.tmp").write_text("{")
    assert read_state(tmp_path)[0].step == 1
    clear_strays(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["request.json", "step-0000001"]
    clear_state(tmp_path)
    assert read_state(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["request.json"]


def test_when_writing_fails_then_the_state_before_is_whole(tmp_path, monkeypatch):
    write_state(tmp_path, notes(1), TENSORS)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dumps", fail)
    with pytest.raises(OSError, match="No space"):
        write_state(tmp_path, notes(2), TENSORS)
    monkeypatch.undo()
    assert read_state(tmp_path)[0].step == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_when_settings_differ_then_resuming_is_refused_with_what_differs():
    first = notes(3)
    check_resumable(first, dict(first.asked))
    with pytest.raises(ConfigError, match=r"steps 9 \(now 10\)") as caught:
        check_resumable(first, {**first.asked, "steps": 10})
    assert "front_end" not in caught.value.message
    assert "--resume" in caught.value.hint
    with pytest.raises(ConfigError, match="colour"):
        check_resumable(first, {**first.asked, "colour": 1})


def test_when_a_setting_has_come_since_a_run_began_then_the_run_used_its_default():
    first = notes(3)
    check_resumable(first, {**first.asked, "encoder": "full"}, {"encoder": "full"})
    with pytest.raises(ConfigError, match=r"encoder 'full' \(now 'window'\)"):
        check_resumable(first, {**first.asked, "encoder": "window"}, {"encoder": "full"})


def test_when_a_run_began_before_a_key_was_renamed_then_it_can_still_be_resumed():
    first = RunState({"steps": 9, "synthetic": {"told": 0.8, "told_without": 0.4}, "corpus": {"told": 0.7}}, "fp32")
    asked = {"steps": 9, "synthetic": {"season_input": 0.8, "season_input_without": 0.4}, "corpus": {"season_input": 0.7}}
    check_resumable(first, asked)
    with pytest.raises(ConfigError, match="season_input"):
        check_resumable(first, {**asked, "corpus": {"season_input": 0.6}})


def test_when_tensors_are_taken_from_under_a_prefix_then_only_whole_names_match():
    tensors = {"best.a": torch.zeros(1), "best.a.b": torch.ones(1), "bestial": torch.ones(2)}
    assert under("best", tensors).keys() == {"a", "a.b"}


def steps_of(network, optimizers, count: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        for parameter in network.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        for optimizer in optimizers:
            optimizer.step()


def test_when_optimisers_are_restored_then_they_go_on_to_the_bit():
    first, second = tiny.scrambled(known=2), tiny.scrambled(known=2)
    optimizers = make_optimizers(first, tiny.TRAIN)
    steps_of(first, optimizers, 3, seed=0)
    kept = {name: value.clone() for name, value in optimizer_tensors(optimizers).items()}
    second.load_state_dict(first.state_dict())
    steps_of(first, optimizers, 3, seed=1)
    again = make_optimizers(second, tiny.TRAIN)
    restore_optimizers(again, kept)
    steps_of(second, again, 3, seed=1)
    assert tiny.equal(first, second)
    later, other = optimizer_tensors(optimizers), optimizer_tensors(again)
    assert later.keys() == other.keys()
    assert all(torch.equal(later[name], other[name]) for name in later)
    cold = tiny.scrambled(known=2)
    cold.load_state_dict(first.state_dict())
    steps_of(cold, make_optimizers(cold, tiny.TRAIN), 1, seed=2)
    steps_of(first, optimizers, 1, seed=2)
    assert not tiny.equal(first, cold)


def test_when_optimisers_are_made_then_every_parameter_has_exactly_one():
    network = tiny.scrambled(past=1, known=2, static=1)
    owned = [
        id(p) for optimizer in make_optimizers(network, tiny.TRAIN) for group in optimizer.param_groups for p in group["params"]
    ]
    assert sorted(owned) == sorted(id(p) for p in network.parameters())


def test_when_training_goes_on_then_the_rate_warms_up_stays_and_decays_to_zero():
    train = TrainConfig(steps=100, warmup=10, decay=0.5)
    rates = [schedule(step / 100, step, train) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:51] == [1.0] * 42
    assert all(a >= b for a, b in pairwise(rates[50:]))
    assert rates[75] == pytest.approx(0.5)
    assert rates[100] == 0.0
    assert schedule(2.0, 200, train) == 0.0
    assert schedule(0.99, 10, dataclasses.replace(train, decay=0.0, warmup=0)) == 1.0


def test_when_the_rate_is_set_then_each_group_keeps_its_own_measure():
    optimizers = make_optimizers(tiny.scrambled(), tiny.TRAIN)
    full = [group["lr"] for optimizer in optimizers for group in optimizer.param_groups]
    set_rate(optimizers, 0.25)
    set_rate(optimizers, 0.5)
    assert [group["lr"] for optimizer in optimizers for group in optimizer.param_groups] == pytest.approx([r / 2 for r in full])
