"""Item ids and columns that try to move the cursor, forge a line or break a file."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tests.tiny import waves
from tsattn.cli.main import main
from tsattn.data.panel import Panel
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.predict import Failure, predict
from tsattn.render import forecast_table, tables, terminal
from tsattn.render.console import SafeConsole
from tsattn.render.plots import save_plot

HOSTILE = (
    "esc\x1b]0;owned\x07\x1b[2J",
    "a\nerror: forged\n2026-01-01 00:00:00 info a: done: all is well",
    "bidi\u202egnp.exe",
    "c1\x9b31m nul\x00 bell\x07",
    "<script>alert(1)</script> & \"quoted\" 'x' $\\frac{$",
    "\ufffe\uffff\u2028",
)
SAFE = "".join(map(chr, [*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x202E, 0x2028]))


def hostile() -> Panel:
    series = [waves((120,)).target + i for i in range(len(HOSTILE))]
    return Panel.from_arrays(series, freq="h", item_ids=HOSTILE)


def forecast_of(panel: Panel):
    return predict(SeasonalNaive(24, (0.1, 0.5, 0.9)), panel, horizon=6)[0]


def assert_tame(text: str, lines: str = "") -> None:
    assert not set(text) & set(SAFE)
    assert not [line for line in text.splitlines() if line.startswith(("error: forged", "2026-01-01"))]


def test_when_names_are_hostile_then_tables_and_terminal_plots_obey_none_of_them(capsys):
    panel = hostile()
    console = SafeConsole(width=200, highlight=False, markup=False, emoji=False)
    made = forecast_of(panel)
    forecast_table.forecast(console, made, panel, "zero\x1b[1m")
    terminal.draw_terminal(console, made, panel)
    tables.written(console, [], [Failure(name, "no\nvalue") for name in HOSTILE])
    tables.sentences(console, HOSTILE)
    said = capsys.readouterr().out
    assert_tame(said)
    assert r"esc\x1b]0;owned\x07\x1b[2J" in said


@pytest.mark.parametrize("one", [None, *range(len(HOSTILE))])
def test_when_names_are_hostile_then_pictures_are_well_formed(tmp_path, one):
    panel = hostile() if one is None else hostile().select(np.array([one]))
    made = forecast_of(panel)
    ElementTree.parse(save_plot(made, panel, tmp_path / "f.svg"))
    page = save_plot(made, panel, tmp_path / "f.html").read_text("utf-8")
    ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    assert "<script>alert" not in page
    assert_tame(page)


def write_csv(path, ids=HOSTILE, column="sales\x1b[2J"):
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["shop", "day", column])
        out.writerows(
            [name.replace("\x00", ""), f"2024-01-{day:02d}", day + i] for i, name in enumerate(ids) for day in range(1, 31)
        )
    return path


def test_when_a_files_names_are_hostile_then_nothing_the_commands_print_obeys_them(tmp_path, capsys, zero_shot, monkeypatch):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    monkeypatch.chdir(tmp_path)
    data = str(write_csv(tmp_path / "data.csv"))
    (tmp_path / "jobs.toml").write_text('[[job]]\nname="a"\ninput="data.csv"\noutputs="o.csv"\nmin_history=99\n', "utf-8")
    for words, codes in (
        (["ingest", data], (0,)),
        (["ingest", data, "--json"], (0,)),
        (["ingest", data, "--target", "sales"], (2,)),
        (["forecast", data, "--plot", "terminal", "--horizon", "3"], (0,)),
        (["run", "jobs.toml"], (4,)),
        (["run", "jobs.toml", "--json", "--json-logs"], (4,)),
        (["runs"], (0,)),
    ):
        assert main(words) in codes, words
        said = capsys.readouterr()
        assert_tame(said.out + said.err)
        if "--json" in words:
            json.loads(said.out)


def test_when_ids_have_blanks_at_their_ends_then_outputs_keep_them(tmp_path, zero_shot, monkeypatch):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    ids = (" lead", "trail ", "\u00a0both\u00a0 ", "plain")
    data = write_csv(tmp_path / "data.csv", ids, "sales")
    out = tmp_path / "out.csv"
    assert main(["forecast", str(data), "-o", str(out), "--horizon", "2", "-q", "--workspace", str(tmp_path / "w")]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        assert {row["item_id"] for row in csv.DictReader(file)} == set(ids)
