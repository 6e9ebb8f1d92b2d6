"""The model in the package in jobs: taken without a name or by its own, in an ensemble, the same for the same blocks."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.batch.conftest import write_csv
from tests.batch.test_parquet_blocks import results, table
from tests.batch.test_run import contents
from tsattn import api
from tsattn.batch.job_file import read_jobs
from tsattn.cli.main import main
from tsattn.errors import ConfigError

JOB = """
[[job]]
name = "a"
input = "data.csv"
outputs = ["out/f.csv", "out/ds/", "sqlite:///out/f.db#fore \\"casts"]
"""


def daily(items: int = 3) -> list[str]:
    """Items of a day's steps, which the hourly model of the workspace does not fit."""
    first = dt.date(2024, 1, 1)
    return [f"d{n},{first + dt.timedelta(d)},{5 + n + d % 7 + (d * d % 11) / 10}" for n in range(items) for d in range(90)]


def test_when_a_job_names_no_model_and_none_fits_then_the_one_in_the_package_forecasts_as_forecast_does(
    jobs, house, shipped, capsys
):
    write_csv(house / "data.csv", daily())
    assert main(["run", str(jobs(JOB)), "--json"]) == 0
    said = capsys.readouterr()
    run = json.loads(said.out)["jobs"][0]
    assert (run["model"], run["rows"]) == ("zero-shot", 3 * 30), "a month of days, where nobody says"
    assert f"model: zero-shot, in {shipped}; no model of this workspace was trained on such data" in said.err
    asked = api.forecast(house / "data.csv", workspace=house / ".tsattn")
    made = (house / "out" / "f.csv").read_text("utf-8").splitlines()[1:]
    assert [float(line.split(",")[4 + 3]) for line in made] == pytest.approx(asked.forecast.values[..., 3].ravel(), rel=1e-5)
    first = contents(house / "out")
    assert main(["run", str(jobs(JOB + 'model = "zero-shot"\n')), "-q"]) == 0
    assert contents(house / "out") == first


def test_when_a_series_ended_long_before_the_others_then_the_log_of_the_job_says_so(jobs, house, shipped, capsys):
    rows = daily()
    write_csv(house / "data.csv", [row for row in rows if not (row.startswith("d2") and row.split(",")[1] > "2024-02-10")])
    assert main(["run", str(jobs(JOB))]) == 0
    assert (
        "d2 ends at 2024-02-10, and the newest row is of 2024-03-30: its forecast begins where it ends" in capsys.readouterr().err
    )


def test_when_members_are_chosen_then_a_job_uses_these(jobs, house, shipped):
    write_csv(house / "data.csv", daily())
    found = {}
    for members in ('"network"', '"all"', '["seasonal-naive", "ridge"]', "[]"):
        assert main(["run", str(jobs(JOB + f"members = {members}\n")), "-q"]) == 0
        found[members] = (house / "out" / "f.csv").read_text("utf-8").partition("run_id")[2]
    values = [[line.split(",")[4:8] for line in text.splitlines()[1:]] for text in found.values()]
    assert values[0] == values[3], "no members are the network alone"
    assert values[0] != values[1] != values[2] != values[0]


def test_when_members_or_a_retraining_make_no_sense_then_the_error_names_the_line(jobs):
    text = JOB + 'members = ["rigde"]\n[[job]]\nname = "b"\ninput = "x.csv"\noutputs = "o.csv"\n'
    text += 'model = "zero-shot"\nretrain = "7d"\n[[job]]\nname = "c"\ninput = "x.csv"\noutputs = "o.csv"\nmembers = 3\n'
    with pytest.raises(ConfigError) as caught:
        read_jobs(jobs(text))
    said = caught.value.message
    assert "line 6: members: unknown member 'rigde' (did you mean 'ridge'?)" in said
    assert "line 12: retrain: 'zero-shot' is the model in the package, which is never retrained" in said
    assert "line 17: members: must be a list of names" in said


def test_when_a_night_is_made_up_for_then_the_ensemble_gives_what_it_gave_then(jobs, house, shipped):
    early = [line for line in daily() if line.split(",")[1] <= "2024-03-10"]
    write_csv(house / "data.csv", early)
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    night = contents(house / "out")
    write_csv(house / "data.csv", [*daily(), *(line.replace("d0", "later") for line in daily(1)[80:])])
    for file in (house / "out").rglob("*.*"):
        file.unlink() if file.is_file() else None
    assert main(["run", str(jobs(JOB)), "-q", "--as-of", "2024-03-10"]) == 0
    assert contents(house / "out") == night


def test_when_a_dataset_is_streamed_then_a_piece_of_few_rows_is_read_on_the_grid_of_the_first(jobs, house, shipped, capsys):
    # alone, the last item's rows are four hours apart
    gappy = table(["z"], 24).take(pa.array([0, 8, 16, 20]))
    pq.write_table(pa.concat_tables([table(["a", "b", "c"]), gappy]), house / "data.parquet", row_group_size=100)
    text = (
        JOB.replace("data.csv", "data.parquet").replace('fore \\"casts', "t").replace('"out/ds/"', '"out/f.parquet", "out/ds/"')
    )
    text += 'model = "zero-shot"\n'
    assert main(["run", str(jobs(text + "block_rows = 150\n")), "--json", "-q"]) == 0, capsys.readouterr().out
    first = results(house / "out")
    assert main(["run", str(jobs(text + "block_rows = 150\n")), "--json", "-q"]) == 0
    assert results(house / "out") == first
    assert len(first[3]) == 4 * 48


def test_when_known_covariates_have_effects_then_the_record_and_the_log_name_them(shipped, jobs, house, capsys):
    from benchmarks.covariates import shops

    case = shops(count=3, days=120, horizon=3)
    stamps = [np.datetime64("2024-01-01") + day for day in range(123)]
    lines = ["item_id,timestamp,target,promo"]
    for item in range(3):
        first, end = case.panel.indptr[item : item + 2]
        values, promo = case.panel.target[first:end], case.panel.known[first:end, 0]
        lines += [
            f"s{item},{stamp},{'' if np.isnan(value) else value},{on:g}"
            for stamp, value, on in zip(stamps, values, promo, strict=False)
        ]
    (house / "data.csv").write_text("\n".join(lines) + "\n", "utf-8")
    text = JOB.replace("input", 'model = "zero-shot"\nmembers = ["ridge"]\nhorizon = 3\nread = { known = "promo" }\ninput')
    assert main(["run", str(jobs(text)), "--json"]) == 0
    found = capsys.readouterr()
    effects = json.loads(found.out)["jobs"][0]["details"]["effects"]
    assert effects[0]["name"] == "promo"
    assert effects[0]["clear"]
    assert "effect of promo" in found.err


def test_when_cleaning_changes_histories_then_the_log_and_the_record_of_a_job_say_so(jobs, house, shipped, capsys):
    spoilt = {"d0,2024-02-10": "900", "d2,2024-02-20": "700"}
    rows = [f"{key},{spoilt[key]}" if (key := row.rpartition(",")[0]) in spoilt else row for row in daily()]
    write_csv(house / "data.csv", rows)
    assert main(["run", str(jobs(JOB)), "--json"]) == 0
    found = capsys.readouterr()
    said = "treated as missing, because they are far from their neighbours: 2 values, the furthest 900 (d0, 2024-02-10)"
    assert json.loads(found.out)["jobs"][0]["details"]["cleaning"] == [said]
    assert said in found.err
