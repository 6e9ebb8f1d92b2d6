"""SIGTERM and SIGINT in runs: the record, the exit code and the files agree."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.batch.conftest import rows, start, write_csv
from tsattn import interrupts
from tsattn.batch import outputs, run
from tsattn.batch.records import Records
from tsattn.cli.main import main

JOB = '[[job]]\nname = "{0}"\ninput = "data.csv"\nmodel = "tiny"\nhorizon = 12\noutputs = ["{0}/f.csv", "{0}/all/"]\n'
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
both = pytest.mark.parametrize("number", list(CODES), ids=["int", "term"])


def statuses(house: Path) -> dict[str, str]:
    return {row["job"]: row["status"] for row in Records(house / ".tsattn" / "runs.db").runs()}


def strays(house: Path) -> list[str]:
    return [str(path) for path in house.rglob("*") if path.suffix == ".tmp" or path.name.endswith(".rows.parquet")]


@both
def test_when_a_signal_comes_while_items_are_forecast_then_the_run_ends_after_the_block(jobs, house, monkeypatch, number, capsys):
    forecast = run._forecast

    def interrupted(*words):
        signal.raise_signal(number)  # held: it is looked for after the block
        return forecast(*words)

    monkeypatch.setattr(run, "_forecast", interrupted)
    assert main(["run", str(jobs(JOB.format("a") + JOB.format("b"))), "--json", "-q"]) == CODES[number]
    assert json.loads(capsys.readouterr().out)["error"]["exit_code"] == CODES[number]
    assert statuses(house) == {"a": "interrupted"}
    assert strays(house) == []
    assert not (house / "a").exists()


@both
def test_when_a_signal_comes_between_two_outputs_then_the_record_names_what_was_written(jobs, house, monkeypatch, number):
    write = outputs._write

    def interrupted(*words):
        write(*words)
        signal.raise_signal(number)

    monkeypatch.setattr(outputs, "_write", interrupted)
    assert main(["run", str(jobs(JOB.format("a"))), "-q"]) == CODES[number]
    record = Records(house / ".tsattn" / "runs.db").runs()[0]
    assert (record["status"], record["details"]["written"]) == ("interrupted", ["a/f.csv"])
    assert strays(house) == []


@both
def test_when_a_signal_comes_after_the_last_output_then_the_job_is_done_and_the_exit_code_says_so(
    jobs, house, monkeypatch, number
):
    deliver = run.deliver

    def interrupted(*words):
        deliver(*words)
        signal.raise_signal(number)

    monkeypatch.setattr(run, "deliver", interrupted)
    assert main(["run", str(jobs(JOB.format("a"))), "-q"]) == 0
    assert statuses(house) == {"a": "done"}
    assert main(["run", str(jobs(JOB.format("a") + JOB.format("b"))), "-q"]) == CODES[number], "b is not begun"
    assert statuses(house) == {"a": "done"}


@both
def test_when_a_second_signal_comes_then_the_work_ends_at_once(number):
    with interrupts.listening(), interrupts.held():
        signal.raise_signal(number)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert interrupts.exit_code() == CODES[number]


@both
def test_when_a_signal_comes_while_another_run_is_waited_for_then_the_program_ends(jobs, house, number):
    path = jobs(JOB.format("a"))
    main(["run", str(path), "-q", "--dry-run"])
    from tsattn.workspace import Workspace

    with Workspace(house / ".tsattn").job_lock("a"):
        child = start("run", path, "--wait", "600", "-q")
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline and not _answers(child.pid):
            time.sleep(0.1)
        time.sleep(1)
        child.send_signal(number)
        assert child.wait(600) == CODES[number]


def _answers(pid: int) -> bool:
    """Return True if a process handles SIGTERM by now."""
    text = Path(f"/proc/{pid}/status").read_text("ascii")
    return bool(int(text.partition("SigCgt:")[2].split()[0], 16) >> (signal.SIGTERM - 1) & 1)


def test_when_signals_come_then_those_that_the_caller_ignores_stay_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts.listening():
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGTERM) is interrupts.answer
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_when_sigterm_comes_while_something_else_answers_sigint_then_it_answers_sigterm_too():
    interrupted = threading.Event()
    with interrupts.listening():
        signal.signal(signal.SIGINT, lambda *_: interrupted.set())
        signal.raise_signal(signal.SIGTERM)
        assert interrupted.is_set()
        assert interrupts.exit_code() == 143


def test_when_a_process_is_gone_or_another_has_its_number_then_its_record_is_killed(house):
    records = Records(house / "runs.db")
    records.begin("mine", None, os.getpid())
    records.begin("other", None, os.getpid())
    records.begin("elsewhere", None, 2**22 + 1)
    with records._writing() as database:
        database.execute("UPDATE runs SET process = 'another boot 1' WHERE job = 'other'")
        database.execute("UPDATE runs SET host = 'another host' WHERE job = 'elsewhere'")
    found = {row["job"]: row["status"] for row in records.runs()}
    assert found == {"mine": "running", "other": "killed", "elsewhere": "running"}


def test_when_many_items_are_forecast_then_sigterm_leaves_nothing_half_written(jobs, house):
    write_csv(house / "data.csv", rows(30, 60))
    child = start("run", jobs(JOB.format("a")))
    assert child.stderr is not None
    assert "begins" in child.stderr.readline()
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=600)
    assert (child.returncode, statuses(house)["a"]) in ((143, "interrupted"), (0, "done"))
    assert strays(house) == []
