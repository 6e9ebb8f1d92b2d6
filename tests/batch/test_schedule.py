"""Crontab lines and systemd units."""

from __future__ import annotations

import json

import pytest

from tsattn.batch.job_file import read_jobs
from tsattn.batch.schedule import crontab, units
from tsattn.cli.main import main
from tsattn.errors import ConfigError

JOB = '[[job]]\nname = "{0}"\ninput = "x"\noutputs = "{0}.csv"\n'


def test_when_a_job_names_no_schedule_then_the_time_that_is_assumed_is_said(jobs, house, capsys):
    path = jobs(JOB.format("a") + JOB.format("b") + 'schedule = "30 5 * * *"\n' + JOB.format("c"))
    assert main(["schedule", str(path), "--cron"]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == '# 06:00 every day is assumed for a, c: to change it, write schedule = "0 6 * * *" in the job file'
    assert [line.split(maxsplit=5)[:2] for line in rest] == [["0", "6"], ["30", "5"]]
    assert main(["schedule", str(path), "--cron", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["crontab"][0] == first
    timers = {name: text for name, text in units(read_jobs(path), house).items() if name.endswith(".timer")}
    assert [first in text for text in timers.values()] == [True, False]


def test_when_every_job_names_its_schedule_then_nothing_is_assumed(jobs, house):
    file = read_jobs(jobs(JOB.format("a") + 'schedule = "30 5 * * *"\n'))
    assert "assumed" not in crontab(file, house) + "".join(units(file, house).values())


@pytest.mark.parametrize("name", ["a\nExecStart=evil", "esc\x1b[2J", "bidi\u202e"])
def test_when_a_path_could_forge_a_line_then_it_is_refused(jobs, house, name):
    folder = house / name
    folder.mkdir()
    path = folder / "jobs.toml"
    path.write_text(JOB.format("a"), "utf-8")
    for made in (crontab, units):
        with pytest.raises(ConfigError, match="neither cron nor systemd takes such a path"):
            made(read_jobs(path), house)


def test_when_no_kind_is_named_then_a_crontab_is_printed_and_the_other_kind_is_named_beside_it(jobs, house, capsys):
    path = jobs(JOB.format("a"))
    assert main(["schedule", str(path), "--cron", "-q"]) == 0
    asked = capsys.readouterr()
    assert not asked.err
    assert main(["schedule", str(path)]) == 0
    found = capsys.readouterr()
    assert found.out == asked.out
    assert "crontab -e" in found.err
    assert "--systemd" in found.err
    assert main(["schedule", str(path), "--cron", "--systemd"]) == 2
