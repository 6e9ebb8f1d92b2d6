"""A real Ray cluster of two nodes on this machine: the same results as here, also when a node is killed in mid-run."""

from __future__ import annotations

import json
import os

import pyarrow.parquet as pq
import pytest

from tests.batch.conftest import ROOT, rows, write_csv
from tests.batch.test_parquet_blocks import JOB, results, table
from tsattn.batch.run import run
from tsattn.batch.runs import Order
from tsattn.cli.main import main

ray = pytest.importorskip("ray", reason="needs Ray: pip install 'tsattn[ray]'")
# a cluster takes 10 s to start where nothing else runs, and a minute where much does: `make soak`
pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    # the nodes' processes inherit these; on a busy machine Ray's own patience is too short for its own start
    settings = {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "300"}
    settings["RAY_agent_register_timeout_ms"] = "300000"
    before = {key: os.environ.get(key) for key in (*settings, "RAY_ADDRESS")}
    os.environ |= settings
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.add_node(num_cpus=1)
    os.environ["RAY_ADDRESS"] = made.address
    yield made
    ray.shutdown()
    made.shutdown()
    for key, value in before.items():
        os.environ.pop(key, None) if value is None else os.environ.update({key: value})


def moved(folder, name):
    found = results(folder)
    folder.rename(folder.with_name(name))
    return found


def test_when_a_node_is_killed_in_mid_run_then_the_results_are_those_of_one_machine(jobs, house, cluster, capsys):
    pq.write_table(table([f"i{n:03d}" for n in range(60)]), house / "data.parquet", row_group_size=230)
    path = jobs(JOB.format(data="data.parquet", rows=400))
    assert main(["run", str(path), "-q"]) == 0
    here = moved(house / "out", "here")
    seen = []

    def tick(now) -> None:
        seen.append(now.items)
        if len(seen) == 3:
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)

    made = run(path, Order(engine="ray"), log=lambda *_, **__: None, tick=tick)
    assert made.runs[0].error is None
    assert len(seen) > 10
    assert moved(house / "out", "there") == here
    cluster.add_node(num_cpus=1)


def test_when_data_cannot_be_streamed_or_items_fail_then_ray_gives_the_same_too(jobs, house, cluster, capsys):
    write_csv(house / "data.csv", [*rows(3), "short,2024-01-09T00:00,5"])
    path = jobs(JOB.format(data="data.csv", rows=1000))
    assert main(["run", str(path), "-q"]) == 4
    here = moved(house / "out", "here")
    assert main(["run", str(path), "-q", "--engine", "ray", "--ray-address", cluster.address]) == 4
    assert results(house / "out") == here
    broken = jobs(JOB.format(data="data.csv", rows=1000) + 'bad_items = "fail"\n')
    capsys.readouterr()
    assert main(["run", str(broken), "-q", "--engine", "ray", "--json"]) == 1
    assert "1 bad items, such as short" in json.loads(capsys.readouterr().out)["jobs"][0]["error"]


def test_when_the_model_is_an_ensemble_then_the_cluster_forecasts_the_same(jobs, house, cluster, zero_shot, monkeypatch):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    pq.write_table(table([f"i{n:03d}" for n in range(24)]), house / "data.parquet", row_group_size=230)
    path = jobs(JOB.format(data="data.parquet", rows=600).replace('"tiny"', '"zero-shot"'))
    assert main(["run", str(path), "-q"]) == 0
    here = moved(house / "out", "here")
    assert main(["run", str(path), "-q", "--engine", "ray"]) == 0
    assert moved(house / "out", "there") == here
    assert "zero-shot" in here[3][0]


def test_when_there_is_no_such_engine_or_cluster_then_nothing_runs(jobs, house, capsys, monkeypatch):
    path = jobs(JOB.format(data="data.csv", rows=1000))
    assert main(["run", str(path), "--engine", "spark"]) == 2
    assert "use one of local, ray" in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    assert main(["run", str(path), "--engine", "ray"]) == 2
    assert "pip install 'tsattn[ray]'" in capsys.readouterr().err
    assert not (house / "out").exists()
