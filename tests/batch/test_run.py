"""Unattended runs: exactly once, whole or not at all, and none stops another."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from filelock import FileLock

from tests.batch.conftest import Killer, environment, job_text, rows, start, write_csv
from tsattn.batch.records import Records
from tsattn.cli.main import main

JOB = job_text('outputs = ["out/f.csv", "out/ds/", "sqlite:///out/f.db#fore \\"casts"]')


def contents(folder: Path) -> dict[str, object]:
    """Contents of all files: bytes, and rows of the database."""
    found: dict[str, object] = {
        str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.name.startswith("f.db")
    }
    return {**found, "rows": stored(folder / "f.db")}


def stored(path: Path, table: str = 'fore "casts') -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as database:
        quoted = table.replace('"', '""')
        return database.execute(f'SELECT * FROM "{quoted}" ORDER BY job, item_id, cutoff, timestamp').fetchall()


def test_when_a_job_is_run_again_then_nothing_changes(jobs, house):
    path = jobs(JOB)
    assert main(["run", str(path), "-q"]) == 0
    first = contents(house / "out")
    assert len(first["rows"]) == 24
    assert main(["run", str(path), "-q"]) == 0
    assert contents(house / "out") == first
    recorded = Records(house / ".tsattn" / "runs.db").runs()
    assert [run["status"] for run in recorded] == ["done", "done"]
    assert recorded[0]["rows"] == 24
    assert len({run["run_id"] for run in recorded}) == 1


def test_when_a_night_is_made_up_for_then_its_rows_are_those_it_would_have_had(jobs, house):
    path = jobs(JOB)
    early = [line for line in rows() if line.split(",")[1] <= "2024-01-07T12:00"]
    write_csv(house / "data.csv", early)
    assert main(["run", str(path), "-q"]) == 0
    night = contents(house / "out")
    for file in (house / "out").rglob("*"):
        if file.is_file():
            file.unlink()
    write_csv(house / "data.csv", rows())
    assert main(["run", str(path), "-q", "--as-of", "2024-01-07T12:00"]) == 0
    assert contents(house / "out") == night


def test_when_a_horizon_shrinks_then_no_step_of_the_longer_one_stays(jobs, house):
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    assert main(["run", str(jobs(JOB.replace("horizon = 12", "horizon = 5"))), "-q"]) == 0
    assert len(stored(house / "out" / "f.db")) == 10


def test_when_new_quantiles_are_asked_for_then_the_table_gets_their_columns(jobs, house):
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    assert main(["run", str(jobs(JOB + "quantiles = [0.05, 0.5]\n")), "-q"]) == 0
    with sqlite3.connect(house / "out" / "f.db") as database:
        columns = [row[1] for row in database.execute('PRAGMA table_info("fore ""casts")')]
    assert {"0.05", "0.5", "0.9"} <= set(columns)
    assert len(stored(house / "out" / "f.db")) == 24


def test_when_a_table_is_foreign_then_it_is_left_alone(jobs, house, capsys):
    (house / "out").mkdir()
    with sqlite3.connect(house / "out" / "f.db") as database:
        database.execute('CREATE TABLE "fore ""casts" (a TEXT)')
    assert main(["run", str(jobs(JOB)), "--json", "-q"]) == 1
    run = json.loads(capsys.readouterr().out)["jobs"][0]
    assert "is not one of forecasts" in run["error"]
    assert len((house / "out" / "f.csv").read_text("utf-8").splitlines()) == 25


def test_when_a_job_is_under_way_then_a_second_run_exits_75_and_with_wait_follows_it(jobs, house):
    path = jobs(JOB)
    (house / ".tsattn" / "jobs").mkdir()
    lock = FileLock(house / ".tsattn" / "jobs" / "a.lock")
    lock.acquire()
    try:
        second = start("run", path, "-q")
        assert second.wait(600) == 75
        waiting = start("run", path, "-q", "--wait", "100")
        time.sleep(0.5)
        assert waiting.poll() is None
    finally:
        lock.release()
    assert waiting.wait(600) == 0


def test_when_a_file_of_several_jobs_is_under_way_then_a_second_run_repeats_none_and_is_recorded(jobs, house, monkeypatch):
    from tsattn.batch import run as room

    path = jobs(JOB + JOB.replace('"a"', '"b"').replace("out/", "other/"))
    (house / "other").mkdir()
    work, codes = room._work, []

    def run_again(job, *words):
        if not codes:
            codes.append(None)
            codes[0] = main(["run", str(path), "-q"])  # while the first job of the first run is at work
        return work(job, *words)

    monkeypatch.setattr(room, "_work", run_again)
    assert main(["run", str(path), "-q"]) == 0
    assert codes == [75]
    found = [(run["job"], run["status"]) for run in Records(house / ".tsattn" / "runs.db").runs()]
    assert sorted(found) == [("a", "done"), ("a", "locked"), ("b", "done"), ("b", "locked")]


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.soak)])
def test_when_runs_are_killed_then_the_rows_at_the_end_are_those_of_one_clean_run(jobs, house, kills):
    path = jobs(JOB)
    killer = Killer(path, seed=0)
    clean = contents(house / "out")
    for file in (house / "out").rglob("*"):
        if file.is_file():
            file.unlink()
    while killer.killed < kills:
        killer.strike()
    assert main(["run", str(path), "-q"]) == 0
    assert contents(house / "out") == clean
    statuses = {run["status"] for run in Records(house / ".tsattn" / "runs.db").runs()}
    assert "running" not in statuses


def test_when_jobs_fail_then_the_others_are_whole_and_each_failure_is_named(jobs, house, capsys):
    broken = house / ".tsattn" / "models" / "broken" / "0001"
    broken.mkdir(parents=True)
    for file in (house / ".tsattn" / "models" / "tiny" / "0001").iterdir():
        content = file.read_bytes()
        (broken / file.name).write_bytes(content[: len(content) // 2] if file.suffix == ".onnx" else content)
    write_csv(house / "bad.csv", [*rows(19), "short,2024-01-09T00:00,5", "short,2024-01-09T01:00,6"])
    text = '[defaults]\nmodel = "tiny"\ninput = "data.csv"\nhorizon = 12\n'
    text += "".join(f'[[job]]\nname = "good{n}"\noutputs = "good{n}.csv"\n' for n in range(3))
    text += '[[job]]\nname = "missing"\ninput = "nowhere.csv"\noutputs = "m.csv"\n'
    text += '[[job]]\nname = "corrupt"\nmodel = "broken"\noutputs = "c.csv"\n'
    text += '[[job]]\nname = "items"\ninput = "bad.csv"\noutputs = "i.csv"\n'
    assert main(["run", str(jobs(text)), "--json"]) == 4
    said = capsys.readouterr()
    runs = {run["job"]: run for run in json.loads(said.out)["jobs"]}
    assert [runs[f"good{n}"]["status"] for n in range(3)] == ["done"] * 3
    assert all(len((house / f"good{n}.csv").read_text("utf-8").splitlines()) == 25 for n in range(3))
    assert runs["missing"]["status"] == runs["corrupt"]["status"] == "failed"
    assert "nowhere.csv does not exist" in runs["missing"]["error"]
    assert "model.onnx" in runs["corrupt"]["error"]
    assert not (house / "c.csv").exists()
    assert (runs["items"]["status"], runs["items"]["done"], runs["items"]["fallback"]) == ("partial", 19, 1)
    flagged = [line for line in (house / "i.csv").read_text("utf-8").splitlines() if "short" in line]
    assert len(flagged) == 12
    assert all("true" in line and "fewer than 3" in line for line in flagged)
    first_lines = said.err.splitlines()[:1]
    assert "nowhere.csv" in first_lines[0], "missing files are reported before anything runs"


def test_when_a_bad_series_ended_long_ago_then_the_run_is_done_and_the_log_and_the_record_name_it(jobs, house, capsys):
    write_csv(house / "data.csv", [*rows(), "shut,2024-01-02T00:00,5", "shut,2024-01-02T01:00,6"])
    for treatment, fallbacks, lines in (("fallback", 1, 12), ("skip", 0, 0), ("fail", 0, 0)):
        assert main(["run", str(jobs(JOB + f'bad_items = "{treatment}"\n')), "--json"]) == 0
        said = capsys.readouterr()
        run = json.loads(said.out)["jobs"][0]
        assert (run["status"], run["items"], run["done"]) == ("done", 3, 2)
        assert (run["fallback"], run["failed"], run["ended_items"]) == (0, 0, 1)
        (named,) = run["details"]["fallbacks" if fallbacks else "failures"]
        why = "ended at 2024-01-02 01:00, long before the newest row; has 2 observed values, fewer than 3"
        assert named == {"item_id": "shut", "reason": why, "ended": True}
        assert f"{'fallback' if fallbacks else 'failed'}: shut: {why}" in said.err
        assert "2 items without fallbacks, 0 with fallbacks, 0 failed, 1 ended long ago" in said.err
        flagged = [line for line in (house / "out" / "f.csv").read_text("utf-8").splitlines() if "shut" in line]
        assert len(flagged) == lines
        assert main(["run", str(house / "jobs.toml"), "-q"]) == 0
        said = capsys.readouterr()
        assert not said.err
        assert "ended" in said.out
    assert Records(house / ".tsattn" / "runs.db").runs()[0]["ended_items"] == 1


def test_when_a_late_series_is_bad_then_it_counts_beside_one_that_ended(jobs, house, capsys):
    late = ["late,2024-01-09T00:00,5", "late,2024-01-09T01:00,6", "shut,2024-01-02T00:00,5"]
    write_csv(house / "data.csv", [*rows(), *late])
    assert main(["run", str(jobs(JOB)), "--json"]) == 4
    run = json.loads(capsys.readouterr().out)["jobs"][0]
    assert (run["fallback"], run["ended_items"]) == (1, 1)
    assert run["details"]["fallback_rows"] == 12, "those of the series that ended do not count"
    assert main(["run", str(jobs(JOB + 'bad_items = "fail"\n')), "--json", "-q"]) == 1
    assert "1 bad items, such as late" in json.loads(capsys.readouterr().out)["jobs"][0]["error"]
    assert main(["monitor", str(house / "jobs.toml"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["jobs"][0]["fallback_share"] == 0.25


def test_when_series_have_no_value_then_the_log_names_each_of_them(jobs, house, capsys):
    write_csv(house / "data.csv", [*rows(), *(f"void{n},2024-01-09T00:00," for n in range(7))])
    assert main(["run", str(jobs(JOB))]) == 4
    assert "failed: void0, void1, void2, void3, void4 and 2 more: has no value" in capsys.readouterr().err


def test_when_the_input_is_stale_then_the_job_fails(jobs, capsys):
    assert main(["run", str(jobs(JOB + 'max_age = "2d"\n')), "--json", "-q"]) == 1
    assert "stale" in json.loads(capsys.readouterr().out)["jobs"][0]["error"]
    assert main(["run", str(jobs(JOB + 'max_age = "2d"\n')), "--json", "-q", "--as-of", "2024-01-09T09:00"]) == 0


def test_when_a_run_is_dry_then_nothing_is_written(jobs, house):
    assert main(["run", str(jobs(JOB)), "-q", "--dry-run"]) == 0
    assert not (house / "out").exists()
    assert not (house / ".tsattn" / "runs.db").exists()


def test_when_the_input_is_a_query_then_its_rows_are_forecast(jobs, house):
    with sqlite3.connect(house / "in.db") as database:
        database.execute("CREATE TABLE sales (item_id TEXT, timestamp TEXT, target REAL)")
        database.executemany("INSERT INTO sales VALUES (?, ?, ?)", [line.split(",") for line in rows()])
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    from_file = (house / "out" / "f.csv").read_bytes()
    query = "SELECT * FROM sales WHERE item_id LIKE 'a%' AND timestamp <> ' :x' ORDER BY item_id, timestamp"
    text = JOB.replace('"data.csv"', f'"sqlite:///in.db"\nquery = "{query}"')
    assert main(["run", str(jobs(text)), "-q"]) == 0
    assert (house / "out" / "f.csv").read_bytes() == from_file


def test_when_a_database_cannot_be_reached_then_no_secret_is_shown(jobs, house, capsys, monkeypatch):
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'tsattn[sql]'")
    monkeypatch.setenv("PGPASSWORD_OF_TEST", "hush-hush")
    text = JOB.replace('"out/f.csv"', '"postgresql://u:${PGPASSWORD_OF_TEST}@127.0.0.1:9/d#t"') + "retries = 1\n"
    assert main(["run", str(jobs(text)), "--json", "--json-logs"]) == 1
    said = capsys.readouterr()
    run = json.loads(said.out)["jobs"][0]
    assert "${PGPASSWORD_OF_TEST}" in run["error"]
    assert len(stored(house / "out" / "f.db")) == 24, "the other outputs are written all the same"
    assert all(json.loads(line)["level"] for line in said.err.splitlines())
    kept = (house / ".tsattn" / "runs.db").read_bytes()
    assert "hush-hush" not in said.out + said.err
    assert b"hush-hush" not in kept


def test_when_the_printed_cron_line_runs_in_a_bare_environment_then_the_forecast_is_there(jobs, house, tmp_path, capsys):
    path = jobs(JOB)
    assert main(["schedule", str(path), "--cron"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    fields = line.split(maxsplit=5)
    assert fields[:5] == ["0", "6", "*", "*", "*"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # PYTHONPATH stands for an installed package; there is nothing else, not even a PATH
    bare = {"PYTHONPATH": environment()["PYTHONPATH"]}
    done = subprocess.run(["/bin/sh", "-c", fields[5].replace(r"\%", "%")], cwd=elsewhere, env=bare, timeout=600)
    log = (house / "jobs.log").read_text("utf-8")
    assert done.returncode == 0, log
    assert len(stored(house / "out" / "f.db")) == 24


def test_when_a_job_names_no_model_then_it_takes_what_forecast_takes(jobs, house, capsys):
    assert main(["run", str(jobs(JOB.replace('model = "tiny"\n', ""))), "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"][0]["model"] == "tiny"


def test_when_tsattn_itself_fails_in_a_job_then_the_others_go_on_and_the_traceback_is_kept(jobs, house, capsys, monkeypatch):
    from tsattn.batch import block_forecast

    good = block_forecast.forecast_items

    def fail_once(*words, **options):
        monkeypatch.setattr(block_forecast, "forecast_items", good)
        raise ZeroDivisionError("a fault")

    two = JOB + JOB.replace('"a"', '"b"').replace("out/", "b/")
    for text, code in ((two, 4), (JOB, 3)):
        monkeypatch.setattr(block_forecast, "forecast_items", fail_once)
        assert main(["run", str(jobs(text)), "--json", "--json-logs"]) == code
        said = capsys.readouterr()
        runs = {run["job"]: run for run in json.loads(said.out)["jobs"]}
        assert "ZeroDivisionError: a fault" in runs["a"]["error"]
        assert runs["a"]["log"] in said.err
        assert "fail_once" in Path(runs["a"]["log"]).read_text("utf-8")
    assert runs.keys() == {"a"}
    assert (house / "b" / "f.csv").exists()
    assert Records(house / ".tsattn" / "runs.db").runs(("b",))[0]["status"] == "done"


def test_when_a_mistake_is_in_the_file_then_nothing_runs_though_other_jobs_are_good(jobs, house, capsys):
    assert main(["run", str(jobs(JOB + '[[job]]\nname = "b"\ninput = "x.csv"\noutputs = "o.csv"\nhorizn = 3\n'))]) == 2
    assert "line 12: unknown key 'horizn'" in capsys.readouterr().err
    assert not (house / "out").exists()


def test_when_records_are_kept_in_a_database_then_runs_reads_them_from_there(jobs, house, capsys):
    path = jobs('[defaults]\nmax_age = "never"\nrecords = "sqlite:///ops.db#seen"\n' + JOB)
    assert main(["run", str(path), "-q"]) == 0
    assert main(["run", str(path), "-q", "--as-of", "2024-01-05"]) == 0
    assert not (house / ".tsattn" / "runs.db").exists()
    capsys.readouterr()
    assert main(["runs", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["runs"]
    assert [(run["status"], run["rows"], run["as_of"]) for run in found] == [("done", 24, "2024-01-05"), ("done", 24, None)]
    assert main(["monitor", str(path), "--json"]) == 0


def test_when_the_input_is_a_url_then_its_rows_are_forecast(jobs, house):
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    from_file = contents(house / "out")
    with fsspec.open("memory://bucket/day/data.csv", "wb") as remote:
        remote.write((house / "data.csv").read_bytes())
    for url in ("memory://bucket/day/data.csv", "memory://bucket/day/*.csv"):
        assert main(["run", str(jobs(JOB.replace("data.csv", url))), "-q"]) == 0
        assert contents(house / "out") == from_file
    assert main(["run", str(jobs(JOB.replace("data.csv", "memory://bucket/nowhere.csv"))), "-q"]) == 1


def test_when_an_item_stands_among_others_then_its_forecast_is_the_same_to_the_bit(jobs, house):
    write_csv(house / "data.csv", rows(70))
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    among = [row for row in stored(house / "out" / "f.db") if row[1] == "a03"]
    (house / "out" / "f.db").unlink()
    write_csv(house / "data.csv", [line for line in rows(70) if line.startswith("a03")])
    assert main(["run", str(jobs(JOB)), "-q"]) == 4, "a third of the series are gone at once"
    assert [row[:13] for row in stored(house / "out" / "f.db")] == [row[:13] for row in among]


def test_when_a_fault_shows_a_secret_then_its_traceback_is_kept_without_it(jobs, house, capsys, monkeypatch):
    from tsattn.batch import block_forecast

    monkeypatch.setenv("TOKEN_OF_TEST", "hush-hush")

    def fail(*_, **__):
        raise ZeroDivisionError("cannot log in with hush-hush")

    monkeypatch.setattr(block_forecast, "forecast_items", fail)
    text = JOB.replace('"out/f.csv"', '"out/${TOKEN_OF_TEST}.csv"')
    assert main(["run", str(jobs(text)), "--json", "--json-logs"]) == 3
    said = capsys.readouterr()
    log = Path(json.loads(said.out)["jobs"][0]["log"]).read_text("utf-8")
    assert "ZeroDivisionError: cannot log in with ${TOKEN_OF_TEST}" in log
    assert "hush-hush" not in log + said.out + said.err
    assert b"hush-hush" not in (house / ".tsattn" / "runs.db").read_bytes()


def test_when_a_query_is_misspelt_then_it_fails_at_once(jobs, house, capsys, monkeypatch):
    sqlite3.connect(house / "in.db").close()
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("a misspelt query is not tried again"))
    text = JOB.replace('"data.csv"', '"sqlite:///in.db"\nquery = "SELECT * FROM salse"')
    assert main(["run", str(jobs(text)), "--json", "-q"]) == 1
    error = json.loads(capsys.readouterr().out)["jobs"][0]["error"]
    assert "no such table: salse" in error
    assert "query" in error


def test_when_a_library_prints_within_a_run_then_stdout_still_holds_nothing_but_the_result(jobs, house, capsys, monkeypatch):
    from tsattn.batch import block_forecast

    good = block_forecast.forecast_items

    def loud(*words, **options):
        print("\x1b[33ma node is gone\x1b[0m")
        return good(*words, **options)

    monkeypatch.setattr(block_forecast, "forecast_items", loud)
    assert main(["run", str(jobs(JOB)), "--json", "--json-logs"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["exit_code"] == 0
    assert "a node is gone" in [json.loads(line)["message"] for line in said.err.splitlines()]


def test_when_the_process_of_a_run_is_dead_then_the_run_is_listed_as_killed(house):
    records = Records(house / "runs.db")
    gone = subprocess.Popen(["true"])
    gone.wait()
    records.begin("a", None, gone.pid)
    records.begin("b", None, os.getpid())
    assert {run["job"]: run["status"] for run in records.runs()} == {"a": "killed", "b": "running"}
