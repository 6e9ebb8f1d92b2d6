"""Training on several devices, as two processes on one CPU: one command, one lock, one model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny
from tests.test_leak import write_csv
from tsattn import api
from tsattn.errors import ConfigError
from tsattn.model.card import read_card
from tsattn.training.processes import is_helper

ROOT = Path(__file__).parents[1]
# the graph of another network of the same sizes stands in: the exporter takes most of the time
SCRIPT = """
import shutil, sys
from tests import tiny
from tsattn.model import artifact
artifact.write_graph = lambda _, path: shutil.copy(sys.argv[2], path)
artifact.check_parity = lambda *_: None
from tsattn.cli.main import main
sys.exit(main(["train", sys.argv[1], "--horizon", "12", "--config", "tiny.toml", "--devices", "2", "--workspace", "w"]))
"""


def test_when_two_processes_train_from_the_shell_then_one_model_is_saved_and_reported_once(tmp_path, saved):
    data, script = write_csv(tmp_path / "shops.csv", False), tmp_path / "two.py"
    tiny.write_toml(tmp_path / "tiny.toml")
    script.write_text(SCRIPT)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, script, data, saved / "model.onnx"], capture_output=True, text=True, timeout=600, cwd=tmp_path, env=env
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert [path.name for path in (tmp_path / "w" / "models" / "shops").iterdir()] == ["0001"]
    assert done.stdout.count("saved: shops/1 in ") == 1
    assert done.stderr.count("network: LSTM") == 1
    card = read_card(tmp_path / "w" / "models" / "shops" / "0001")
    assert (card.train.devices, card.fitted.stopped, card.fitted.steps) == (2, "finished", 40)


@pytest.mark.parametrize(
    ("environment", "train", "helps"),
    [
        ({}, {"devices": 2}, False),
        ({"LOCAL_RANK": "0"}, {"devices": 2}, False),
        ({"LOCAL_RANK": "1"}, {"devices": 2}, True),
        ({"RANK": "3"}, {"nodes": 2}, True),
        ({"NODE_RANK": "1"}, {"nodes": 2, "devices": 4}, True),
        ({"SLURM_PROCID": "5"}, {}, False),  # one of many runs of its own
    ],
    ids=str,
)
def test_when_the_environment_numbers_processes_then_the_first_one_leads(monkeypatch, environment, train, helps):
    for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_helper(train) is helps


def test_when_several_processes_would_read_standard_input_then_it_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="read only once"):
        api.train("-", name="x", workspace=tmp_path, training={"devices": 2})
