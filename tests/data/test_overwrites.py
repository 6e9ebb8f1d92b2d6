"""Outputs that would overwrite the data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tsattn.cli.main import main
from tsattn.data.overwrites import refuse_input
from tsattn.errors import ConfigError

DATA = "day,y\n" + "".join(f"2024-01-{day:02d},{day}\n" for day in range(1, 29))


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(DATA, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("output", ["in/a.csv", "./in/../in/a.csv", "ABSOLUTE/in/a.csv", "link/a.csv", "in/new.csv"])
@pytest.mark.parametrize("data", ["in", "in/", "link", "in/*.csv", "in/*", "i?/*.csv"])
def test_when_an_output_would_be_read_as_data_then_it_is_refused_by_whatever_name(place, output, data):
    (place / "link").symlink_to(place / "in")
    with pytest.raises(ConfigError, match=r"is the data itself|is inside the input folder|matches the input"):
        refuse_input(output.replace("ABSOLUTE", str(place)), data)


@pytest.mark.parametrize("output", ["out.csv", "elsewhere/in.csv", "in/deeper/new.csv", "in2/a.csv", "in/picture.png"])
def test_when_an_output_is_no_data_then_it_is_accepted(place, output):
    refuse_input(output, "in")


@pytest.mark.parametrize("output", ["in/", ".", "in/deeper"])
def test_when_a_dataset_would_mix_with_the_data_then_it_is_refused(place, output):
    with pytest.raises(ConfigError):
        refuse_input(output, "in", dataset=True)
    with pytest.raises(ConfigError):
        refuse_input("in", "in/a.csv", dataset=True)
    refuse_input("out", "in", dataset=True)


@pytest.mark.parametrize("command", ["forecast", "ingest", "backtest"])
def test_when_a_command_would_overwrite_its_data_then_the_file_stays_as_it_was(place, command, capsys):
    name = "in/p.parquet" if command == "ingest" else "in/a.csv"
    data = name
    if command == "ingest":
        assert main(["ingest", "in/a.csv", "-o", "p.parquet"]) == 0
        (place / "in" / "a.csv").unlink()
        os.rename("p.parquet", name)
        data = "in"
    (place / "link.csv").symlink_to(place / name)
    (place / "link.parquet").symlink_to(place / name)
    before = Path(name).read_bytes()
    for output in (name, str(place / name), "link" + Path(name).suffix):
        assert main([command, data, "-o", output]) == 2
        assert "would be overwritten" in capsys.readouterr().err
    assert Path(name).read_bytes() == before


def test_when_the_output_is_the_file_of_future_rows_or_the_models_own_data_then_it_stays(place, saved, capsys):
    import dataclasses
    import shutil

    from tsattn.model import artifact
    from tsattn.model.card import read_card

    shutil.copytree(saved, place / ".tsattn" / "models" / "m" / "0001")
    folder = place / ".tsattn" / "models" / "m" / "0001"
    card = read_card(folder)
    artifact.rewrite_card(folder, dataclasses.replace(card, source={**card.source, "source": str(place / "in" / "a.csv")}))
    (place / "in" / "a.csv").write_text(
        "item_id,time,target\n" + "".join(f"a,2024-01-{1 + h // 24:02d}T{h % 24:02d}:00,{h % 24}\n" for h in range(300)), "utf-8"
    )
    (place / "plan.csv").write_text("day,y\n", "utf-8")
    before = (place / "in" / "a.csv").read_bytes()
    assert main(["forecast", "-o", "in/a.csv"]) == 2
    assert main(["forecast", "in/a.csv", "--future", "plan.csv", "-o", "./plan.csv"]) == 2
    assert capsys.readouterr().err.count("would be overwritten") == 2
    assert (place / "in" / "a.csv").read_bytes() == before


def test_when_data_comes_on_standard_input_from_the_output_then_it_is_refused(place):
    with open("in/a.csv", encoding="utf-8") as data:
        words = [sys.executable, "-m", "tsattn", "forecast", "-", "-o", "in/a.csv"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(words, stdin=data, capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 2
    assert "is the data on standard input" in done.stderr
    assert Path("in/a.csv").read_text("utf-8") == DATA
