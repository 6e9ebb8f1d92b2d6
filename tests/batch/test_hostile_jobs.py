"""Job files, outputs and places that somebody made to break a run: each a clear error, and nothing is lost."""

from __future__ import annotations

import json
import sqlite3

import pytest

from tests.batch.conftest import write_csv
from tsattn.cli.main import main

pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy: pip install 'tsattn[sql]'")

JOB = """
[[job]]
name = "a"
input = "data.csv"
model = "tiny"
horizon = 3
quantiles = [{quantiles}]
outputs = [{outputs}]
"""


def job(outputs: str = '"out.csv"', quantiles: str = "0.1, 0.5, 0.9") -> str:
    return JOB.format(outputs=outputs, quantiles=quantiles)


def table(house, statement: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(house / "out.db") as database:
        return database.execute(statement).fetchall()


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"\r\n"])
def test_when_a_job_file_has_a_byte_order_mark_or_windows_line_ends_then_it_is_read(jobs, house, prefix):
    path = jobs(job())
    path.write_bytes(prefix + path.read_bytes().replace(b"\n", b"\r\n"))
    assert main(["run", str(path), "-q"]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("horizon = " + "9" * 5000, "4300 digits"),
        ("x = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ('outputs = ["o\\u0000.csv"]', "without NUL characters"),
        ('outputs = ["sqlite:///o\\u0000.db#t"]', "without NUL characters"),
    ],
)
def test_when_a_job_file_holds_absurd_values_then_it_is_a_mistake_and_no_fault(jobs, capsys, text, said):
    path = jobs(job().replace('outputs = ["out.csv"]', text) if "outputs" in text else job().replace("horizon = 3", text))
    assert main(["run", str(path), "-q"]) == 2
    assert said in capsys.readouterr().err


def test_when_a_job_file_is_utf_16_then_the_error_says_what_to_do(jobs, capsys):
    path = jobs(job())
    path.write_bytes(path.read_text("utf-8").encode("utf-16"))
    assert main(["run", str(path), "-q"]) == 2
    assert "save the job file as UTF-8" in capsys.readouterr().err


def test_when_a_path_names_a_home_that_nobody_has_then_it_is_a_name_as_in_a_shell(jobs, capsys):
    path = jobs(job().replace("data.csv", "~nobody-has-this-name/data.csv"))
    assert main(["run", str(path), "-q"]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_when_a_link_lies_where_the_spool_is_written_then_the_file_behind_it_stays(jobs, house):
    path = jobs(job())
    victim = house / "victim"
    victim.write_text("keep", "utf-8")
    (house / ".tsattn" / "jobs").mkdir(parents=True)
    (house / ".tsattn" / "jobs" / "a.rows.parquet").symlink_to(victim)
    assert main(["run", str(path), "-q"]) == 0
    assert victim.read_text("utf-8") == "keep"


def test_when_a_job_writes_fewer_quantiles_than_before_then_replaced_rows_keep_none_of_the_old_ones(jobs, house):
    assert main(["run", str(jobs(job('"sqlite:///out.db#f"'))), "-q"]) == 0
    assert main(["run", str(jobs(job('"sqlite:///out.db#f"', "0.5"))), "-q"]) == 0
    assert set(table(house, 'SELECT "0.1", "0.9" FROM f')) == {(None, None)}
    assert all(row[0] is not None for row in table(house, 'SELECT "0.5" FROM f'))


def test_when_a_table_has_columns_of_somebody_else_then_they_keep_their_values(jobs, house):
    path = jobs(job('"sqlite:///out.db#f"'))
    assert main(["run", str(path), "-q"]) == 0
    with sqlite3.connect(house / "out.db") as database:
        database.execute("ALTER TABLE f ADD COLUMN seen TEXT")
        database.execute("UPDATE f SET seen = 'yes'")
    assert main(["run", str(path), "-q"]) == 0
    assert set(table(house, "SELECT seen FROM f")) == {("yes",)}


def test_when_timestamps_lie_beyond_the_year_9999_then_a_database_refuses_them_with_a_reason(jobs, house, capsys):
    write_csv(house / "data.csv", [f"a,9999-12-31T{hour:02d}:00,{10 + hour % 5}" for hour in range(24)])
    assert main(["run", str(jobs(job('"sqlite:///out.db#f"'))), "-q"]) == 1
    assert "beyond the year 9999" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"garbage " * 600, None])
def test_when_an_output_is_no_database_then_the_advice_fits(jobs, house, capsys, content):
    place = house / "out.db"
    _ = place.mkdir() if content is None else place.write_bytes(content)
    assert main(["run", str(jobs(job('"sqlite:///out.db#f"'))), "-q"]) == 1
    said = capsys.readouterr().err
    assert ("name another one" in said) if content else ("that you may write to the file" in said)


def test_when_a_query_gives_two_columns_of_one_name_then_none_is_dropped_silently(jobs, house, capsys):
    (house / "in.db").touch()
    text = job().replace('input = "data.csv"', 'input = "sqlite:///in.db"\nquery = "SELECT 1 AS x, 2 AS x"')
    assert main(["run", str(jobs(text)), "-q"]) == 1
    assert "two columns called 'x'" in capsys.readouterr().err


def test_when_a_partition_of_the_dataset_is_not_ours_then_the_run_says_which_file_and_leaves_it(jobs, house, capsys):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = jobs(job('"all/"', "0.5"))
    assert main(["run", str(path), "-q"]) == 0
    part = next((house / "all").rglob("*.parquet"))
    for columns in ({"x": [1]}, {"item_id": ["z"], "0.5": ["text"]}, {"item_id": [1]}):
        pq.write_table(pa.table(columns), part)
        before = part.read_bytes()
        capsys.readouterr()
        assert main(["run", str(path), "--json", "-q"]) == 1, columns
        found = json.loads(capsys.readouterr().out)["jobs"][0]
        assert "forecast.parquet" in found["error"], columns
        assert found["log"] is None
        assert part.read_bytes() == before
