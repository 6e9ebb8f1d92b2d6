"""The monitor's verdicts."""

from __future__ import annotations

import dataclasses
import http.server
import json
import sqlite3
import sys
import threading
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.batch.conftest import rows, write_csv
from tsattn import ingest
from tsattn.batch import accuracy
from tsattn.batch import monitor as monitor_module
from tsattn.batch.accuracy import Accuracy, StepBlock
from tsattn.batch.inputs import newest as panel_newest
from tsattn.batch.job_file import read_jobs
from tsattn.batch.jobs import Monitor
from tsattn.cli.main import main
from tsattn.errors import ConfigError

JOB = """
[monitor]
alert = '{python} -c "import sys; open(r\\"{report}\\", \\"w\\").write(sys.stdin.read())"'
[[job]]
name = "a"
input = "data.csv"
model = "tiny"
horizon = 12
outputs = "sqlite:///out.db#f"
{age}
"""


def job(house, age: str = 'max_age = "never"') -> str:
    return JOB.format(python=sys.executable, report=house / "report.json", age=age)


def test_when_a_job_never_ran_then_the_monitor_says_so_and_calls_the_alert(jobs, house, capsys):
    assert main(["monitor", str(jobs(job(house))), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["jobs"][0]["problems"] == ["no good run yet"]
    assert json.loads((house / "report.json").read_text("utf-8"))["good"] is False


def test_when_all_is_well_then_the_monitor_is_quiet(jobs, house, capsys):
    path = jobs(job(house))
    assert main(["run", str(path), "-q"]) == 0
    capsys.readouterr()
    assert main(["monitor", str(path), "--prometheus"]) == 0
    assert 'tsattn_job_good{job="a"} 1' in capsys.readouterr().out
    assert not (house / "report.json").exists()


def test_when_the_last_good_run_is_long_ago_or_fallbacks_jump_then_the_monitor_says_so(jobs, house, capsys):
    path = jobs(job(house))
    assert main(["run", str(path), "-q"]) == 0
    write_csv(house / "data.csv", [*rows(), "new,2024-01-09T00:00,1"])
    assert main(["run", str(path), "-q"]) == 4
    capsys.readouterr()
    assert main(["monitor", str(path), "--json"]) == 1
    assert "33% of the forecast rows are fallbacks or missing, 0% before" in capsys.readouterr().out
    with sqlite3.connect(house / ".tsattn" / "runs.db") as database:
        database.execute("UPDATE runs SET ended = '2024-01-01T00:00:00+00:00'")
    assert main(["monitor", str(path), "--json"]) == 1
    assert "its schedule allows 26 h" in capsys.readouterr().out


def test_when_no_run_came_before_then_the_share_of_fallbacks_is_compared_with_none(jobs, house, capsys):
    write_csv(house / "data.csv", [*rows(), "new,2024-01-09T00:00,1"])
    path = jobs(job(house))
    assert main(["run", str(path), "-q"]) == 4
    capsys.readouterr()
    assert main(["monitor", str(path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["jobs"][0]
    assert found["problems"] == ["33% of the forecast rows are fallbacks or missing"]
    with sqlite3.connect(house / ".tsattn" / "runs.db") as database:  # as older versions recorded it
        database.execute("UPDATE runs SET details = NULL")
    assert main(["monitor", str(path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["jobs"][0] == found


def test_when_the_truth_that_came_is_far_off_then_the_monitor_says_so(jobs, house, capsys):
    path = jobs(job(house))
    lines = rows(4)
    cut = [line for line in lines if line.split(",")[1] <= "2024-01-08T12:00"]
    write_csv(house / "data.csv", cut)
    assert main(["run", str(path), "-q"]) == 0
    after = [line for line in lines if line.split(",")[1] > "2024-01-08T12:00"]
    later = [f"{line.rpartition(',')[0]},{500 + number % 7:.4f}" for number, line in enumerate(after)]
    write_csv(house / "data.csv", [*cut, *later])
    capsys.readouterr()
    assert main(["monitor", str(path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["jobs"][0]
    assert found["scored"] == 48
    assert found["coverage"] == 0
    assert found["coverage_of_step"] == [0] * 12
    assert any("the 80 % interval held 0%" in problem for problem in found["problems"])


def test_when_the_input_is_stale_then_the_monitor_says_so(jobs, house, capsys):
    assert main(["monitor", str(jobs(job(house, 'max_age = "1d"'))), "--json"]) == 1
    assert "its input is stale" in capsys.readouterr().out


MASE: dict = {}  # of the first kind of output that is scored; the others must agree


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    received: ClassVar[list[dict]] = []

    def do_POST(self):
        Hook.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_when_a_webhook_is_given_then_the_verdicts_are_posted_to_it_once_something_is_wrong(jobs, house, capsys):
    with http.server.HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        text = job(house).splitlines()
        text[2] = f'alert = "http://127.0.0.1:{server.server_port}/hook"'
        path = jobs("\n".join(text))
        assert main(["monitor", str(path)]) == 1
        assert main(["monitor", str(path), "--no-alert"]) == 1
        server.shutdown()
    assert [alert["jobs"][0]["problems"] for alert in Hook.received] == [["no good run yet"]]
    capsys.readouterr()
    assert main(["monitor", str(path)]) == 1
    assert " error: the alert could not be sent" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["latest.csv", "latest.jsonl", "latest.json", "latest.parquet", "all/", "sqlite:///out.db#f"])
def test_when_truth_has_come_since_then_forecasts_of_every_kind_of_output_are_scored_alike(jobs, house, capsys, output):
    path = jobs(job(house).replace("sqlite:///out.db#f", output) + "max_mase_ratio = 1000\n")
    lines = rows(4)
    write_csv(house / "data.csv", [line for line in lines if line.split(",")[1] <= "2024-01-08T12:00"])
    assert main(["run", str(path), "-q"]) == 0
    write_csv(house / "data.csv", lines)
    capsys.readouterr()
    main(["monitor", str(path), "--json", "--no-alert"])
    found = json.loads(capsys.readouterr().out)["jobs"][0]
    assert found["scored"] == 48
    assert found["mase"] == pytest.approx(MASE.setdefault("mase", found["mase"]))
    assert found["coverage_of_step"] == MASE.setdefault("steps", found["coverage_of_step"])


def test_when_limits_are_given_for_a_job_then_they_hold_for_it(jobs, house, capsys, monkeypatch):
    from tsattn.batch import monitor

    card = json.loads((house / ".tsattn" / "models" / "tiny" / "0001" / "config.json").read_text("utf-8"))
    scored = Accuracy(count=480, mase=1.2, coverage=0.55, coverage_of_step=[0.55], dates_of_step=[480], dates=480)
    monkeypatch.setattr(monitor, "score", lambda *_: scored)
    choose = monitor.sample

    def with_scores(*words):
        found = choose(*words)
        scores = [{"model": card["name"], "MASE": 1.0, "coverage": 0.7}]
        return dataclasses.replace(found, card=dataclasses.replace(found.card, scores=scores))

    monkeypatch.setattr(monitor, "sample", with_scores)
    assert main(["run", str(jobs(job(house))), "-q"]) == 0
    for more, wanted in (("", 0), ("max_mase_ratio = 1.1\n", 1), ("coverage_drop = 0.1\n", 1), ("max_mase_ratio = 1.3\n", 0)):
        capsys.readouterr()
        assert main(["monitor", str(jobs(job(house) + more)), "--no-alert"]) == wanted, more


def test_when_looking_at_one_job_fails_then_the_others_are_looked_at_and_secrets_stay_hidden(jobs, house, capsys, monkeypatch):
    from tsattn.batch import monitor

    monkeypatch.setenv("TOKEN_OF_TEST", "hush-hush")
    sample = monitor.sample

    def fail_once(*words):
        monkeypatch.setattr(monitor, "sample", sample)
        raise ZeroDivisionError("hush-hush")

    monkeypatch.setattr(monitor, "sample", fail_once)
    first = job(house).replace("[monitor]\n", "[monitor]\nschedule = '0 9 * * *'\n")
    second = first[first.index("[[job]]") :].replace('"a"', '"b"')
    path = jobs(first.replace("sqlite:///out.db#f", "${TOKEN_OF_TEST}.csv") + second)
    assert main(["monitor", str(path), "--json", "--no-alert"]) == 1
    found = {one["job"]: one for one in json.loads(capsys.readouterr().out)["jobs"]}
    assert "by a fault of tsattn: ZeroDivisionError" in found["a"]["problems"][1]
    assert found["b"]["newest_row"]
    logs = [path.read_text("utf-8") for path in (house / ".tsattn" / "logs").iterdir()]
    assert len(logs) == 1
    assert "hush-hush" not in logs[0]
    assert main(["schedule", str(path), "--cron"]) == 0
    assert " monitor " in capsys.readouterr().out.splitlines()[-1]


def test_when_a_job_never_ran_well_then_the_monitor_says_why(jobs, house, capsys):
    path = jobs(job(house).replace("data.csv", "nowhere.csv"))
    assert main(["run", str(path), "-q"]) == 1
    capsys.readouterr()
    assert main(["monitor", str(path), "--json", "--no-alert"]) == 1
    problem = json.loads(capsys.readouterr().out)["jobs"][0]["problems"][0]
    assert problem.startswith("no good run yet (the last run failed: the input nowhere.csv does not exist")


@pytest.mark.parametrize(("hours", "wanted"), [(12, 0), (45, 1)])
def test_when_many_series_err_on_one_date_then_that_is_one_observation(jobs, house, monkeypatch, hours, wanted, capsys):
    """In one run, the interval of 30 series misses at one step: a single date is no evidence, 45 such runs are."""
    lines = rows(30, 60 + hours)
    write_csv(house / "data.csv", lines)
    stamps = sorted({line.split(",")[1] for line in lines})
    runs = range(1 if hours == 12 else hours)
    stored = [
        {
            "item_id": f"a{i:02d}",
            "timestamp": stamps[60 + run + h - 1],
            "cutoff": stamps[59 + run],
            **(MISSED if h == 9 else WIDE),
        }
        for run in runs
        for i in range(30)
        for h in range(1, 13)
        if 60 + run + h <= len(stamps)
    ]
    monkeypatch.setattr(accuracy, "stored_rows", lambda *_: stored)
    path = jobs(job(house) + "max_mase_ratio = 1000\n")
    assert main(["run", str(path), "-q"]) == 0
    capsys.readouterr()
    assert main(["monitor", str(path), "--no-alert", "--json"]) == wanted
    found = json.loads(capsys.readouterr().out)["jobs"][0]
    assert found["coverage_of_step"][8] == 0
    assert found["problems"] == ([NARROW] if wanted else [])


NARROW = "the 80 % interval is too narrow 9 to 10 steps ahead: it held 49% there, 80% in its backtest"


def step_block(coverage: float, windows: int, first: int = 1) -> Any:
    return StepBlock(first, first + 31, coverage, 32 * windows, windows)


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ([step_block(0.8, 30)] * 5 + [step_block(0.5, 30, 161)], "too narrow 161 to 192 steps ahead: it held 50% there"),
        ([step_block(0.8, 30)] * 5 + [step_block(0.5, 10, 161)], ""),  # three in ten by chance: not so rare among six
        ([step_block(0.61, 1000)] * 6, ""),  # surely below, but by less than coverage_drop
        ([step_block(0.5, 30), step_block(0.4, 30, 33)], "too narrow 1 to 32, 33 to 64 steps ahead: it held 40% there"),
    ],
)
def test_a_part_of_the_horizon_is_too_narrow_if_chance_among_all_parts_does_not_explain_it(blocks, said):
    found = Accuracy(480, 480, 1.0, 0.7, [], [], tuple(blocks))
    problems = monitor_module._narrow_steps(found, 0.8, Monitor())
    assert bool(problems) is bool(said)
    assert said in "".join(problems)


def test_overlapping_forecasts_of_a_part_of_the_horizon_count_once():
    runs, steps = np.repeat(np.arange(48), 192), np.tile(np.arange(192), 48)
    hours = np.datetime64("2024-01-01", "us") + np.arange(300) * np.timedelta64(1, "h")
    found = accuracy._blocks(steps, hours[runs + steps], hours[runs], np.ones(len(steps)))
    assert [(block.first, block.last, block.dates, block.windows) for block in found][:2] == [(1, 32, 79, 2), (33, 64, 79, 2)]
    daily = np.datetime64("2024-01-01", "us") + runs * np.timedelta64(10, "D") + steps * np.timedelta64(1, "h")
    assert accuracy._blocks(steps, daily, daily - steps * np.timedelta64(1, "h"), np.ones(len(steps)))[0].windows == 48


def test_when_one_series_has_intervals_far_too_narrow_then_the_monitor_names_it(jobs, house, monkeypatch, capsys):
    """Its forecasts of zero without any width, as for a solar plant at night, do not count."""
    lines = rows(4, 140)
    dark = [f"{line.rpartition(',')[0]},0" if line.startswith("a02") and n % 2 == 0 else line for n, line in enumerate(lines)]
    write_csv(house / "data.csv", dark)
    stamps = [line.split(",")[1] for line in lines[:140]]
    night = dict.fromkeys(WIDE, 0.0)
    stored = [
        {
            "item_id": f"a{i:02d}",
            "timestamp": stamps[k],
            "cutoff": stamps[k - 1],
            **(WIDE if i != 2 else MISSED if k % 2 else night),
        }
        for i in range(4)
        for k in range(60, 140)
    ]
    monkeypatch.setattr(accuracy, "stored_rows", lambda *_: stored)
    path = jobs(job(house) + "max_mase_ratio = 1000\n")
    assert main(["run", str(path), "-q"]) == 0
    capsys.readouterr()
    assert main(["monitor", str(path), "--no-alert", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"][0]["worst_item"] == {"item_id": "a02", "coverage": 0.0, "dates": 40}
    assert main(["monitor", str(path), "--no-alert"]) == 0
    assert "a: lowest coverage of the 80 % interval: a02, 0 %" in capsys.readouterr().out


def test_when_only_late_runs_were_made_then_the_monitor_says_that_they_are_not_counted(jobs, house, capsys):
    path = jobs(job(house))
    for day in ("05", "06"):
        assert main(["run", str(path), "-q", "--as-of", f"2024-01-{day}"]) == 0
    capsys.readouterr()
    assert main(["monitor", str(path), "--no-alert", "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["jobs"][0]["problems"]
    assert problems == ["no good run yet (2 runs with --as-of are not counted)"]


WIDE, MISSED = {"0.1": 0.0, "0.5": 10.0, "0.9": 20.0}, {"0.1": 90.0, "0.5": 95.0, "0.9": 99.0}


def hours_until(last: np.datetime64) -> list[str]:
    """Lines of one hourly item of 200 values that end at `last`."""
    stamps = last.astype("datetime64[h]") + np.arange(-199, 1)
    return [f"a00,{stamp}:00,{10 + k % 24}" for k, stamp in enumerate(stamps)]


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (np.timedelta64(4, "h"), ""),
        (
            np.timedelta64(90, "h"),
            'expected at most 51 h for its frequency h and schedule (set max_age, to "never" for data that does not grow)',
        ),
        (np.timedelta64(-400, "D"), "in the future: check its timestamps and the clock of this machine"),
    ],
)
def test_when_no_max_age_is_set_then_it_follows_from_the_steps_of_the_data_and_the_schedule(jobs, house, age, said):
    now = np.datetime64("2026-06-01T12:00:00", "us")
    panel = ingest(write_csv(house / "data.csv", hours_until(now - age))).panel
    found = monitor_module.staleness(read_jobs(jobs(job(house, ""))).jobs[0], panel, panel_newest(panel), now)
    assert (said in found[0]) if said else not found, found


def test_when_a_job_has_a_problem_then_the_table_fits_80_columns_and_the_problem_is_below_it(jobs, house, capsys):
    assert main(["monitor", str(jobs(job(house))), "--no-alert"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert max(map(len, printed)) <= 80
    assert printed[-1] == "a: no good run yet"


def test_when_the_clock_went_backwards_then_a_run_in_the_future_is_no_proof_of_health(jobs, house, capsys):
    path = jobs(job(house))
    assert main(["run", str(path), "-q"]) == 0
    with sqlite3.connect(house / ".tsattn" / "runs.db") as database:
        database.execute("UPDATE runs SET ended = '2199-01-01T00:00:00+00:00'")
    capsys.readouterr()
    assert main(["monitor", str(path), "--json", "--no-alert"]) == 1
    assert "in the future: check the clock of this machine" in capsys.readouterr().out


def night(house, path, hours: int) -> None:
    """Run the job on the rows up to an hour; item a00 has spikes at hours 150 and 170."""
    lines = rows()
    for at in (150, 170):
        lines[at] = f"{lines[at].rpartition(',')[0]},90"
    write_csv(house / "data.csv", [line for at, line in enumerate(lines) if at % 200 < hours])
    assert main(["run", str(path), "-q"]) == 0


def looked_at(path, capsys) -> tuple[int, dict]:
    capsys.readouterr()
    code = main(["monitor", str(path), "--json"])
    return code, json.loads(capsys.readouterr().out)["jobs"][0]


DETECTS = 'max_age = "never"\nmax_mase_ratio = 1000\ncoverage_drop = 1\ndetect = { level = 0.9999999, last = 40 }\n'


def test_when_a_run_found_new_anomalies_then_the_monitor_fails_until_a_run_finds_none(jobs, house, capsys):
    path = jobs(job(house, DETECTS))
    night(house, path, 160)
    code, found = looked_at(path, capsys)
    assert (code, found["new_anomalies"]) == (1, 1)
    assert len(found["problems"]) == 1
    assert "1 new anomaly in the last run, such as a00 at 2024-01-07T06:00:00: 90, expected" in found["problems"][0]
    assert "max_new_anomalies allows 0; 8e-06 of 80 rows expected by chance" in found["problems"][0]
    report = json.loads((house / "report.json").read_text("utf-8"))["jobs"][0]
    assert [row["timestamp"] for row in report["anomalies"]] == ["2024-01-07T06:00:00"]
    night(house, path, 160)
    assert looked_at(path, capsys)[1]["new_anomalies"] == 1, "the same cutoff counts once"
    night(house, path, 175)
    code, found = looked_at(path, capsys)
    assert (code, found["new_anomalies"]) == (1, 2), "both nights are within a day"
    assert "2 new anomalies in the last 2 runs" in found["problems"][0]
    night(house, path, 180)
    with sqlite3.connect(house / ".tsattn" / "runs.db") as database:
        database.execute("UPDATE runs SET ended = '2024-01-01T00:00:00+00:00' WHERE number < 4")
    code, found = looked_at(path, capsys)
    assert (code, found["new_anomalies"], found["anomalies"]) == (0, 0, [])
    assert main(["monitor", str(path)]) == 0
    assert "new ano-" in capsys.readouterr().out


def test_when_more_new_anomalies_are_allowed_then_the_monitor_passes(jobs, house, capsys):
    path = jobs(job(house, DETECTS + "max_new_anomalies = 1\n"))
    night(house, path, 160)
    assert looked_at(path, capsys)[0] == 0
    text = path.read_text("utf-8")
    assert looked_at(jobs(text.replace("max_new_anomalies = 1\n", "")), capsys)[0] == 1
    anything = text.replace("max_new_anomalies = 1\n", "").replace("[monitor]", '[monitor]\nmax_new_anomalies = "any"')
    assert looked_at(jobs(anything), capsys)[0] == 0
    assert main(["monitor", str(path), "--prometheus"]) == 0
    assert 'tsattn_job_new_anomalies{job="a"} 1' in capsys.readouterr().out


@pytest.mark.parametrize("value", ["-1", "1.5", '"many"', "true"])
def test_when_the_number_of_anomalies_allowed_makes_no_sense_then_it_is_named(jobs, house, value):
    wrong = f"max_new_anomalies = {value}"
    for text in (job(house, wrong), job(house).replace("[monitor]", f"[monitor]\n{wrong}")):
        with pytest.raises(ConfigError, match=r'max_new_anomalies.* must be a whole number of at least 0, or "any"'):
            read_jobs(jobs(text))


@pytest.mark.parametrize("output", ["all/", "sqlite:///out.db#f"])
@pytest.mark.parametrize(("most", "wanted"), [(30, [12, 11, 10, 9, 0]), (12, [12, 10, 0]), (2, [12, 0]), (1, [12])])
def test_when_there_are_many_cutoffs_then_the_newest_are_scored_far_enough_apart_to_reach_back_two_horizons(
    jobs, house, output, most, wanted, monkeypatch
):
    from tsattn.batch import stored_forecasts

    path = jobs(job(house).replace("sqlite:///out.db#f", output))
    for hour in (0, 9, 10, 11, 12):
        assert main(["run", str(path), "-q", "--as-of", f"2024-01-08T{hour:02d}:00"]) == 0
    monkeypatch.setattr(stored_forecasts, "CUTOFFS", most)
    panel = ingest(house / "data.csv").panel
    file = read_jobs(path)
    rows_found = stored_forecasts.stored_rows(file.jobs[0], file, panel, panel_newest(panel), 12)
    assert sorted({int(str(row["cutoff"])[11:13]) for row in rows_found}, reverse=True) == wanted
    assert {row["item_id"] for row in rows_found} == {"a00", "a01"}


@pytest.mark.parametrize("output", ["all/", "sqlite:///out.db#f"])
def test_when_a_panel_is_large_then_forecasts_of_some_series_are_scored(jobs, house, output, monkeypatch):
    from tsattn.batch import stored_forecasts

    write_csv(house / "data.csv", rows(6))
    path = jobs(job(house).replace("sqlite:///out.db#f", output))
    assert main(["run", str(path), "-q", "--as-of", "2024-01-08T00:00"]) == 0
    monkeypatch.setattr(stored_forecasts, "MOST", 3 * 12 * stored_forecasts.CUTOFFS)
    panel = ingest(house / "data.csv").panel
    file = read_jobs(path)
    found = stored_forecasts.stored_rows(file.jobs[0], file, panel, panel_newest(panel), 12)
    assert sorted({row["item_id"] for row in found}) == ["a00", "a02", "a04"]
