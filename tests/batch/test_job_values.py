"""Outputs, schedules and secrets."""

from __future__ import annotations

import math
import os
import shutil
import subprocess

import pytest

from tsattn.batch.cron import checked_cron, longest_gap
from tsattn.batch.job_file import read_jobs
from tsattn.batch.job_values import Output, is_database
from tsattn.batch.schedule import calendar, units
from tsattn.batch.secrets import Redactor, expanded, shown
from tsattn.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "kind"), [("a.csv", "file"), ("a/", "dataset"), ("sqlite:///a.db#t", "database"), ("postgresql://h/d#t", "database")]
)
def test_when_an_output_is_written_then_its_kind_is_known(text, kind):
    assert Output.parse(text).kind == kind


@pytest.mark.parametrize("text", ["a.xlsx", "sqlite:///a.db", "mysql://h/d#t", "postgresql://h/d#"])
def test_when_an_output_is_unknown_then_it_is_refused(text):
    with pytest.raises(ConfigError):
        Output.parse(text)


def test_when_a_secret_stands_in_a_url_then_it_is_encoded_for_it_and_hidden_in_every_form(monkeypatch):
    monkeypatch.setenv("SECRET", "p@ss/w:rd")
    url = "postgresql://u:${SECRET}@h/d#t"
    assert expanded(url) == "postgresql://u:p%40ss%2Fw%3Ard@h/d#t"
    hide = Redactor([url, "postgresql://u:plain@h/d#t"])
    said = hide("cannot log in with p@ss/w:rd or p%40ss%2Fw%3Ard or plain")
    assert said == "cannot log in with ${SECRET} or ${SECRET} or ***"
    assert shown(url) == url


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("@daily", "0 0 * * *"),
        ("@Weekly", "0 0 * * 0"),
        ("30 6 * jan-mar,Dec mon-fri", "30 6 * 1-3,12 1-5"),
        ("0 0 * * fri-sun", "0 0 * * 5-7"),
        ("0 0 * * SUN", "0 0 * * 0"),
    ],
)
def test_when_a_schedule_has_names_then_they_become_numbers(text, wanted):
    assert checked_cron(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("postgresql://u:plain@h:5/d#t", "postgresql://***@h:5/d#t"),
        ("https://ghp_token@h/data.csv", "https://***@h/data.csv"),
        ("postgresql://h/d?user=u&password=plain&x=1#t", "postgresql://h/d?***#t"),
        ("postgresql://h/d?sslpassword=plain&passfile=/home/me/pass", "postgresql://h/d?***"),
        ("postgresql://u:${PW}@h/d?sslpassword=${SSL}", "postgresql://u:${PW}@h/d?***"),
        ("s3://bucket/day/*.csv", "s3://bucket/day/*.csv"),
        (
            "a connection of user=me sslpassword='not this' passfile=/x/y failed",
            "a connection of user=me sslpassword=*** passfile=*** failed",
        ),
        ("cannot read postgresql://u:p@h/d?a=b, sorry", "cannot read postgresql://***@h/d?*** sorry"),
        ("no URL: 10:30 a@b?", "no URL: 10:30 a@b?"),
    ],
)
def test_when_a_url_is_shown_then_it_has_scheme_host_and_database_only(text, wanted):
    assert shown(text) == wanted


def test_when_a_driver_prints_parts_of_a_url_then_they_are_hidden_though_the_whole_url_is_a_variable(monkeypatch):
    monkeypatch.setenv("PGURL", "postgresql://me:hush%21hush@h/d?sslpassword=quiet&sslcert=/home/me/cert.pem&x=1")
    hide = Redactor(["${PGURL}", "https://h/f.csv?sig=abc%2Fdef"])
    said = hide("no log-in for me with hush!hush, quiet, hush%21hush; no file /home/me/cert.pem; 1 try; abc/def")
    assert said == "no log-in for me with ***, ***, ***; no file ***; 1 try; ***"
    assert hide(f"at {os.environ['PGURL']}") == "at ${PGURL}"
    assert is_database("${PGURL}")
    assert Output.parse("${PGURL}#t").kind == "database"


@pytest.mark.parametrize(
    "text", ["* * * *", "60 * * * *", "0 25 * * *", "0 6 * * mond", "0 6 mon * *", "0 6-2 * * *", "@reboot", "0 0 30 2 *"]
)
def test_when_cron_fields_are_wrong_then_they_are_refused(text):
    with pytest.raises(ConfigError, match="not a schedule"):
        checked_cron(text)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("30 6 * * *", "*-*-* 6:30:00"),
        ("0 6 * * 1-5", "Mon,Tue,Wed,Thu,Fri *-*-* 6:0:00"),
        ("*/15 * 1 * *", "*-*-1 *:0/15:00"),
    ],
)
def test_when_systemd_is_asked_for_then_cron_fields_become_its_calendar(fields, wanted):
    assert calendar(fields) == wanted


@pytest.mark.parametrize(
    ("fields", "hours"),
    [
        ("0 6 * * *", 24),
        ("*/15 * * * *", 0.25),
        ("0 6,18 * * *", 12),
        ("0 6 * * 1-5", 72),
        ("15 7 * * 7", 168),
        ("0 0 1 * *", 31 * 24),
        ("0 0 1 * 1", 168),
        ("0 0 29 2 *", 1461 * 24),
    ],
)
def test_when_a_job_has_a_schedule_then_the_longest_wait_for_its_next_run_is_known(fields, hours):
    assert longest_gap(fields) == hours * 3600


def test_when_both_days_are_given_then_systemd_is_refused():
    with pytest.raises(ConfigError, match="not both"):
        calendar("0 6 1 * 1")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_when_units_are_printed_then_systemd_accepts_them(tmp_path):
    path = tmp_path / "night jobs.toml"
    job = '[[job]]\nname = "{0}"\ninput = "x"\nmodel = "m"\noutputs = "o%{0}.csv"\nschedule = "{1}"\n'
    path.write_text(job.format("a", "*/15 6-8 * * 1-5") + job.format("b", "0 0 1 */3 *"), "utf-8")
    made = units(read_jobs(path), tmp_path / ".tsattn")
    assert len(made) == 4
    for name, text in made.items():
        (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", *(tmp_path / name for name in made)], capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if "night" in line]
    assert (complaints, len(made)) == ([], 4), done.stderr
    for text in made.values():
        for line in text.splitlines():
            if line.startswith("OnCalendar="):
                asked = ["systemd-analyze", "calendar", line.partition("=")[2]]
                assert subprocess.run(asked, capture_output=True).returncode == 0


def test_when_run_records_have_an_age_or_stay_forever_then_a_job_keeps_them_so_long(tmp_path):
    base = '[[job]]\nname = "a"\ninput = "d.csv"\noutputs = "o.csv"\n'
    path = tmp_path / "jobs.toml"
    for line, wanted in (("", 400 * 86400), ('keep_records = "2w"', 14 * 86400), ('keep_records = "forever"', math.inf)):
        path.write_text(base + line, "utf-8")
        assert read_jobs(path).jobs[0].keep_records == wanted
    path.write_text(base + 'keep_records = "never"', "utf-8")
    with pytest.raises(ConfigError, match="line 5: keep_records: 'never' is not a duration"):
        read_jobs(path)
