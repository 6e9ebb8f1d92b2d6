"""Job files, and all that can be wrong with them."""

from __future__ import annotations

import pytest

from tsattn.batch.job_file import read_jobs
from tsattn.data.output_formats import FORMATS
from tsattn.errors import ConfigError


def test_when_a_file_has_many_mistakes_then_all_are_listed_with_their_lines(tmp_path, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    path = tmp_path / "jobs.toml"
    path.write_text(
        """[defaults]
modle = "tiny"

[[job]]
name = "one"
input = "data.csv"
model = "tiny"
outputs = "out.csv"
max_age = "soon"

[[job]]
name = "one"
input = "sqlite:///rows.db"
model = "tiny/1"
outputs = ["out.xlsx"]
retrain = "7d"
horizon = 0
quantiles = [0.5, 2.0]

[job.read]
timestmap = "day"

[[job]]
input = "postgresql://u:${NOT_SET}@h/d"
query = "select 1"
model = "tiny"
outputs = "out.csv"
""",
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        read_jobs(path)
    said = caught.value.message
    for line, word in ((2, "'model'"), (9, "max_age"), (15, "out.xlsx"), (17, "horizon"), (18, "quantiles"), (20, "timestamp")):
        assert any(row.startswith(f"  line {line}:") and word in row for row in said.splitlines()), (line, word, said)
    assert "line 24: input: the environment variable NOT_SET is not set" in said
    assert "the job has no 'name'" in said
    assert "needs a query" in said
    assert "not a version" in said


def test_when_defaults_are_given_then_jobs_take_them_and_may_differ(jobs):
    text = '[defaults]\nmodel = "tiny"\noutputs = "o/"\nhorizon = 5\n'
    text += '[[job]]\nname = "a"\ninput = "x"\n[[job]]\nname = "b"\ninput = "y"\nhorizon = 7\n'
    file = read_jobs(jobs(text))
    assert [job.horizon for job in file.jobs] == [5, 7]
    with pytest.raises(ConfigError, match="no job 'c'"):
        file.only(("c",))


def test_when_a_value_is_written_over_several_lines_then_the_lines_after_it_are_still_right(tmp_path):
    path = tmp_path / "jobs.toml"
    path.write_text(
        '[[job]]\nname = "a"\ninput = """\nhorizon = 1\n"""\nmodel = "m"\noutputs = [\n  "a.csv",\n]\nhorizon = "x"\n', "utf-8"
    )
    with pytest.raises(ConfigError, match="line 10: horizon"):
        read_jobs(path)


def test_when_two_jobs_have_one_name_then_it_is_an_error(jobs):
    with pytest.raises(ConfigError, match="two jobs are called 'a'"):
        read_jobs(jobs('[defaults]\nmodel="m"\ninput="x"\noutputs="o.csv"\n[[job]]\nname="a"\n[[job]]\nname="a"\n'))


def test_when_a_name_comes_again_in_a_job_with_other_mistakes_then_both_are_listed(jobs):
    text = '[defaults]\ninput="x"\n[[job]]\nname="a"\noutputs="o.csv"\n[[job]]\nname="a"\noutputs="p.csv"\nhorizon=0\n'
    with pytest.raises(ConfigError, match=r"(?s)2 mistakes:.*line 7: two jobs are called 'a'.*line 9: horizon"):
        read_jobs(jobs(text))


@pytest.mark.parametrize(("first", "second"), [("o.csv", "o.csv"), ("out/o.csv", "out/../out/o.csv")])
def test_when_two_jobs_write_the_same_file_then_it_is_an_error(jobs, first, second):
    text = '[defaults]\ninput="x"\n[[job]]\nname="a"\noutputs="{}"\n[[job]]\nname="b"\noutputs=["{}", "sqlite:///b.db#t"]\n'
    with pytest.raises(ConfigError, match=r"line 8: outputs: .*o\.csv is written by job 'a' too"):
        read_jobs(jobs(text.format(first, second)))


def test_when_two_jobs_write_one_file_by_a_relative_and_an_absolute_path_or_a_link_then_it_is_an_error(jobs, house):
    (house / "link.csv").symlink_to(house / "o.csv")
    text = '[defaults]\ninput="x"\n[[job]]\nname="a"\noutputs="o.csv"\n[[job]]\nname="b"\noutputs="{}"\n'
    for other in (house / "o.csv", "./o.csv", "link.csv", f"sqlite:///{house}/o.csv#t"):
        with pytest.raises(ConfigError, match=r"line 8: outputs: .* is written by job 'a' too"):
            read_jobs(jobs(text.format(other)))


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("data.csv", "data.csv"),
        ("data.csv", "{house}/data.csv"),
        ("{house}/data.csv", "./link.csv"),
        ("in", "in/out.csv"),
        ("in/*.csv", "in/out.csv"),
        ("lake/", "lake/"),
        ("lake/job=a", "lake/"),
        ("lake", "{house}/lake/out/"),
        ("data.csv", "sqlite:///data.csv#t"),
        ("${{WHERE}}/data.csv", "data.csv"),
    ],
)
def test_when_a_job_would_overwrite_its_input_then_nothing_runs(jobs, house, monkeypatch, source, output):
    monkeypatch.setenv("WHERE", str(house))
    (house / "link.csv").symlink_to("data.csv")
    (house / "in").mkdir()
    (house / "lake" / "job=a").mkdir(parents=True)
    text = f'[[job]]\nname="a"\ninput="{source.format(house=house)}"\noutputs="{output.format(house=house)}"\n'
    with pytest.raises(ConfigError, match=r"line 4: outputs: .*(data itself|input folder|contains the data|matches the input)"):
        read_jobs(jobs(text))


def test_when_a_job_reads_what_another_wrote_into_the_dataset_then_that_is_fine(jobs, house):
    (house / "lake" / "job=a").mkdir(parents=True)
    assert read_jobs(jobs('[[job]]\nname="b"\ninput="lake/job=a"\noutputs="lake/"\n')).jobs


def test_when_a_url_from_the_environment_is_the_input_then_it_takes_a_query(jobs, monkeypatch):
    monkeypatch.setenv("PGURL", "postgresql://u:pw@h/d")
    text = '[[job]]\nname="a"\ninput="${PGURL}"\nquery="select 1"\noutputs=["${PGURL}#t", "f.csv"]\nrecords="${PGURL}"\n'
    job = read_jobs(jobs(text)).jobs[0]
    assert [output.kind for output in job.outputs] == ["database", "file"]
    with pytest.raises(ConfigError, match="a database as input needs a query"):
        read_jobs(jobs(text.replace('query="select 1"\n', "")))


def test_when_an_output_format_is_added_then_jobs_take_it(jobs, monkeypatch):
    monkeypatch.setitem(FORMATS, ".new", FORMATS[".jsonl"])
    assert read_jobs(jobs('[[job]]\nname="a"\ninput="x"\noutputs="o.new"\n')).jobs[0].outputs[0].kind == "file"


def test_when_two_jobs_share_a_dataset_or_a_table_then_that_is_fine(jobs):
    text = '[defaults]\ninput="x"\noutputs=["out/", "sqlite:///b.db#t"]\n[[job]]\nname="a"\n[[job]]\nname="b"\n'
    assert [job.name for job in read_jobs(jobs(text)).jobs] == ["a", "b"]


def test_when_databases_are_not_installed_then_it_is_an_error_before_anything_runs(jobs, monkeypatch):
    monkeypatch.setattr("tsattn.batch.job_file.find_spec", lambda name: None if name == "sqlalchemy" else object())
    with pytest.raises(ConfigError, match=r"line 4: outputs: databases need SQLAlchemy, .*pip install 'tsattn\[sql\]'"):
        read_jobs(jobs('[[job]]\nname="a"\ninput="x"\noutputs="sqlite:///b.db#t"\n'))
    read_jobs(jobs('[[job]]\nname="a"\ninput="x"\noutputs="b.csv"\n'))
