"""Jobs of sums of series: all levels in one output, exact, and scored by the monitor."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from tests.batch.conftest import write_csv
from tsattn.batch.job_file import read_jobs
from tsattn.cli.main import main
from tsattn.errors import ConfigError

JOB = """
[[job]]
name = "a"
input = "data.csv"
outputs = ["out/f.csv", "out/ds/"]
model = "zero-shot"
horizon = 5
hierarchy = ["region", "shop"]
read = { timestamp = "ts", target = "y" }
"""


def rows(days: int = 90) -> list[str]:
    first = dt.date(2024, 1, 1)
    shops = [("n", "a"), ("n", "b"), ("s", "a")]
    every = [(n, region, shop, d) for n, (region, shop) in enumerate(shops) for d in range(days)]
    return [f"{region},{shop},{first + dt.timedelta(d)},{20 + 9 * n + d % 7 + (d * d % 11) / 5}" for n, region, shop, d in every]


def test_when_a_job_has_a_hierarchy_then_all_levels_are_written_and_add_up(jobs, house, shipped, capsys):
    (house / "data.csv").write_text("region,shop,ts,y\n" + "\n".join(rows()) + "\n", "utf-8")
    assert main(["run", str(jobs(JOB)), "--json"]) == 0
    run = json.loads(capsys.readouterr().out)["jobs"][0]
    assert (run["items"], run["rows"]) == (6, 30)
    written = pd.read_csv(house / "out" / "f.csv")
    assert dict(written.groupby("level").item_id.nunique()) == {"total": 1, "region": 2, "shop": 3}
    table = written.pivot(index="timestamp", columns="item_id", values="0.5")
    np.testing.assert_allclose(table["total"], table["total/n"] + table["total/s"], rtol=1e-9)
    np.testing.assert_allclose(table["total/n"], table["total/n/a"] + table["total/n/b"], rtol=1e-9)


def test_when_the_truth_has_come_then_the_monitor_scores_all_levels(jobs, house, shipped, capsys):
    (house / "data.csv").write_text("region,shop,ts,y\n" + "\n".join(rows()) + "\n", "utf-8")
    assert main(["run", str(jobs(JOB)), "-q"]) == 0
    (house / "data.csv").write_text("region,shop,ts,y\n" + "\n".join(rows(94)) + "\n", "utf-8")
    capsys.readouterr()
    main(["monitor", str(jobs(JOB)), "--json"])
    found = json.loads(capsys.readouterr().out)["jobs"][0]
    assert found["scored"] == 6 * 4


def test_when_a_job_names_sums_wrongly_then_the_error_names_the_line(jobs, house, shipped):
    write_csv(house / "data.csv", [])
    wrong = JOB.replace('["region", "shop"]', "[3]") + 'reconcile = "best"\n'
    with pytest.raises(ConfigError, match="hierarchy: must be a list of texts") as caught:
        read_jobs(jobs(wrong))
    assert "unknown reconcile 'best'" in caught.value.message
