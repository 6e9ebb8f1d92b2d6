"""Campaigns: the records of their cases, and the faults they find."""

from __future__ import annotations

import json
import random

import pytest

from benchmarks.soak import made
from benchmarks.soak.campaign import Harm, run_cases
from benchmarks.soak.hostile_names import _tame
from benchmarks.soak.mutated_files import SUFFIXES, _content
from benchmarks.soak.signals import Signals
from benchmarks.soak.worker import Worker


def test_when_a_campaign_is_stopped_then_it_goes_on_with_the_cases_it_would_have_had(tmp_path):
    def case(dice, folder):
        seen.append(dice.random())
        (folder / "something").write_text("x", "utf-8")
        if len(seen) == 3 and stop:
            raise KeyboardInterrupt
        if seen[-1] < 0.2:
            raise Harm("too small")
        return "well"

    seen: list[float] = []
    stop = False
    whole = run_cases("a", tmp_path / "whole", 20, 7, case, quiet=True)
    assert whole.tried == 20
    assert 0 < len(whole.broke) < 20
    first, seen, stop = seen, [], True
    with pytest.raises(KeyboardInterrupt):
        run_cases("a", tmp_path / "parts", 20, 7, case, quiet=True)
    stop = False
    parts = run_cases("a", tmp_path / "parts", 20, 7, case, quiet=True)
    assert str(parts) == str(whole)
    assert seen == [*first[:3], *first[2:]]
    kept = [path for path in (tmp_path / "parts").iterdir() if path.is_dir()]
    assert len(kept) == len(whole.broke), "the folders of cases that broke are kept"


def test_when_files_are_mutated_then_a_seed_gives_the_same_bytes(tmp_path):
    for number, suffix in enumerate(dict.fromkeys(SUFFIXES)):
        one, other = (_content(random.Random(number), suffix, tmp_path) for _ in range(2))
        assert one == other


def test_when_a_command_ends_with_a_fault_or_dies_then_the_campaign_says_so(tmp_path, monkeypatch):
    class Broken(Worker):
        def _started(self):
            process = super()._started()
            process.kill()
            process.wait()
            return process

    with Broken() as worker, pytest.raises(Harm, match="hung or died"):
        worker.ask(["models"], tmp_path)
    for text in ("\x1b[2J", "ok\nerror: forged"):
        with pytest.raises(Harm):
            _tame(text)


def test_when_exit_code_and_record_differ_then_the_campaign_says_so(tmp_path, monkeypatch):
    import signal

    monkeypatch.setattr(made, "record", lambda _: {"status": "done"})
    with pytest.raises(Harm, match="exit 130, and the record says done"):
        Signals()._judge(130, signal.SIGINT, "", tmp_path)


def test_when_a_command_is_asked_for_then_the_worker_answers_with_what_it_printed(tmp_path):
    with Worker() as worker:
        answer = worker.ask(["models", "--json"], tmp_path)
        assert json.loads(answer.out)["models"] == []
        assert worker.ask(["ingest", "nowhere.csv"], tmp_path).code in (1, 2)
