"""Reruns of a cutoff whose forecasts are fallbacks: they do not replace forecasts of the model."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tsattn.batch.datasets import partitions
from tsattn.cli.main import main

START = pd.Timestamp("2024-01-31")
ITEMS = ("a", "b")


def write(house, known: int, zone: str = "", changed: float = 0.0, items: tuple[str, ...] = ITEMS) -> None:
    """Write meters, and a weather file with 24 temperatures for each, but only the first `known` for the meter a."""
    rng = np.random.default_rng(0)
    stamps = pd.date_range(end=START + pd.Timedelta("23h"), periods=10 * 24, freq="h")
    temp = 10 + 6 * np.sin(np.arange(len(stamps)) / 24 * 2 * np.pi) + rng.normal(0, 1, len(stamps))
    texts = stamps.strftime("%Y-%m-%dT%H:%M:%S") + zone
    frames = [
        pd.DataFrame({"meter": name, "time": texts, "load": 100 - 3 * temp + rng.normal(0, 1, len(temp)), "temp_c": temp})
        for name in items
    ]
    data = pd.concat(frame[stamps < START] for frame in frames)
    data["load"] = (data["load"] + changed).round(3)
    data.to_csv(house / "load.csv", index=False)
    ahead = pd.concat(frame[stamps >= START][: known if frame.meter.iloc[0] == "a" else 24] for frame in frames)
    ahead[["meter", "time", "temp_c"]].to_csv(house / "weather.csv", index=False)


def job(output: str, *keys: str) -> str:
    return "\n".join(
        (
            '[[job]]\nname = "j"\ninput = "load.csv"\nfuture = "weather.csv"\nmodel = "zero-shot"\nhorizon = 24',
            'read = { target = ["load"], known = ["temp_c"] }',
            f'outputs = "{output}"',
            *keys,
        )
    )


def stored(house, output: str) -> pd.DataFrame:
    """Return the rows of an output, by item and time."""
    if output.startswith("sqlite"):
        import sqlite3

        with sqlite3.connect(house / "out.db") as database:
            found = pd.read_sql("SELECT * FROM f", database)
    elif output == "all/":
        found = pd.concat(pd.read_parquet(path) for _, path in partitions(house / "all", "j"))
    else:
        read = {
            "csv": pd.read_csv,
            "parquet": pd.read_parquet,
            "feather": pd.read_feather,
            "json": pd.read_json,
            "jsonl": pd.read_json,
        }
        paths = [house / output.replace("{item_id}", item) for item in ITEMS] if "{" in output else [house / output]
        kind = output.rpartition(".")[2]
        found = pd.concat(read[kind](path, **({"lines": True} if kind == "jsonl" else {})) for path in paths)
    return found.sort_values(["item_id", "timestamp"]).reset_index(drop=True)


OUTPUTS = ("sqlite:///out.db#f", "all/", "f.csv", "f.parquet", "f.feather", "f.json", "f.jsonl", "each-{item_id}.csv")


@pytest.mark.parametrize("zone", ["", "+01:00"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_when_a_rerun_makes_fallbacks_then_forecasts_of_the_same_cutoff_are_kept(jobs, house, shipped, capsys, output, zone):
    if output.startswith("sqlite"):
        pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed: pip install 'tsattn[sql]'")
    path = jobs(job(output))
    write(house, 24, zone)
    assert main(["run", str(path), "-q"]) == 0
    first = stored(house, output)
    write(house, 3, zone, changed=50.0)
    capsys.readouterr()
    assert main(["run", str(path), "--json"]) == 4
    said = capsys.readouterr()
    kept = f"{output} keeps the earlier forecast of a from the same cutoff, with fewer fallbacks"
    assert kept in said.err
    assert json.loads(said.out)["jobs"][0]["details"]["kept"] == [kept]
    second = stored(house, output)
    old = first.item_id == "a"
    pd.testing.assert_frame_equal(second[old], first[old])
    assert (second[~old]["0.5"] > first[~old]["0.5"] + 30).all(), "b has a new forecast"
    assert len(second) == len(first)
    write(house, 24, zone, changed=50.0)
    assert main(["run", str(path), "-q"]) == 0
    assert (stored(house, output)["0.5"] > first["0.5"] + 30).all(), "with all of the weather, both do"


def test_when_a_rerun_has_as_many_fallbacks_or_another_cutoff_or_quantiles_then_it_replaces_the_rows(jobs, house, shipped):
    path = jobs(job("f.csv"))
    write(house, 3)
    assert main(["run", str(path), "-q"]) == 4
    first = stored(house, "f.csv")
    write(house, 3, changed=50.0)
    assert main(["run", str(path), "-q"]) == 4
    assert (stored(house, "f.csv")["0.5"] > first["0.5"] + 30).all()
    write(house, 24)
    assert main(["run", str(path), "-q"]) == 0
    write(house, 3, changed=50.0)
    assert main(["run", str(jobs(job("f.csv", "quantiles = [0.25, 0.5]"))), "-q"]) == 4
    assert (stored(house, "f.csv")["0.5"] > first["0.5"] + 30).all()
    whole = pd.read_csv(house / "load.csv")
    whole[whole.time < "2024-01-30"].to_csv(house / "load.csv", index=False)
    (house / "f.csv").unlink()
    assert main(["run", str(jobs(job("f.csv"))), "-q"]) == 4
    assert stored(house, "f.csv").cutoff.unique().tolist() == ["2024-01-29T23:00:00"]
    whole.to_csv(house / "load.csv", index=False)
    assert main(["run", str(jobs(job("f.csv"))), "-q"]) == 4
    assert stored(house, "f.csv").cutoff.unique().tolist() == ["2024-01-30T23:00:00"]


def test_when_all_series_are_kept_then_nothing_is_written(jobs, house, shipped, capsys):
    path = jobs(job("all/"))
    write(house, 24, items=("a",))
    assert main(["run", str(path), "-q"]) == 0
    ((_, part),) = partitions(house / "all", "j")
    before = pd.read_parquet(part)
    write(house, 3, items=("a",), changed=50.0)
    capsys.readouterr()
    assert main(["run", str(path), "-q", "--json"]) == 4
    (run,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (run["rows"], run["details"]["written"], run["fallback"]) == (0, [], 1)
    pd.testing.assert_frame_equal(pd.read_parquet(part), before)


@pytest.mark.parametrize("output", ["f.csv", "all/"])
def test_when_forecasts_add_up_then_a_rerun_keeps_all_of_them_or_none(jobs, house, shipped, capsys, output):
    path = jobs(job(output, 'sums = ["t=a+b"]'))
    write(house, 24)
    assert main(["run", str(path), "-q"]) == 0
    first = stored(house, output)
    write(house, 3, changed=50.0)
    assert main(["run", str(path), "-q"]) == 4
    assert f"{output} keeps the earlier forecasts from the same cutoff, with fewer fallbacks" in capsys.readouterr().err
    pd.testing.assert_frame_equal(stored(house, output), first)
