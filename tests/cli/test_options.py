from __future__ import annotations

import dataclasses
import inspect

import pytest

from tsattn import api
from tsattn.cli import options
from tsattn.cli.main import COMMANDS, main
from tsattn.config import ReadOptions
from tsattn.errors import ConfigError


@pytest.fixture
def asked(monkeypatch):
    """Record the API calls of `tsattn ingest`, `train`, `forecast` and `backtest` without executing them."""
    calls: dict[str, dict] = {}

    class Stop(ConfigError):
        pass

    def catch(name):
        def call(*positional, **named):
            calls[name] = {"data": positional[0] if positional else None, **named}
            raise Stop("caught")

        return call

    for name in ("ingest", "train", "forecast", "backtest"):
        monkeypatch.setattr(api, name, catch(name))
    return calls


FLAGS = {
    "timestamp": (["--timestamp", "when"], "when"),
    "item": (["--item", "shop,till"], ("shop", "till")),
    "target": (["--target", "a", "--target", "b, c"], ("a", "b", "c")),
    "past": (["--past", '"x, y",z'], ("x, y", "z")),
    "known": (["--known", "holiday"], ("holiday",)),
    "static": (["--static", "region"], ("region",)),
    "freq": (["--freq", "15min"], "15min"),
    "layout": (["--layout", "wide"], "wide"),
    "date_order": (["--date-order", "dmy"], "dmy"),
    "date_system": (["--date-system", "1904"], "1904"),
    "timezone": (["--timezone", "Europe/Berlin"], "Europe/Berlin"),
    "on_duplicate": (["--on-duplicate", "sum"], "sum"),
    "resample": (["--resample", "1h"], "1h"),
    "agg": (["--agg", "last"], "last"),
    "fill": (["--fill", "0"], 0.0),
    "delimiter": (["--delimiter", "tab"], "\t"),
    "decimal": (["--decimal", ","], ","),
    "encoding": (["--encoding", "latin-1"], "latin-1"),
    "missing": (["--missing", "-999,n.a."], ("-999", "n.a.")),
    "calendar": (["--calendar", "XNYS"], "XNYS"),
    "holidays": (["--holidays", "DE,US-NY"], ("DE", "US-NY")),
    "drop_last": (["--drop-last"], True),
}


def test_when_read_options_grow_then_each_has_a_flag():
    fields = [f.name for f in dataclasses.fields(ReadOptions)]
    assert fields == list(FLAGS)
    assert fields == list(inspect.signature(options.read_options).parameters)


@pytest.mark.parametrize("command", ["ingest", "train", "forecast", "backtest"])
@pytest.mark.parametrize("field", list(FLAGS))
def test_when_a_reading_flag_is_given_then_every_command_that_reads_passes_it_on(asked, command, field):
    words, value = FLAGS[field]
    assert main([command, "data.csv", *words]) == 2
    assert asked[command]["read"] == dataclasses.replace(ReadOptions(), **{field: value})


def test_when_training_flags_and_a_file_are_given_then_the_flags_win(asked, tmp_path):
    path = tmp_path / "train.toml"
    path.write_text('[model]\ncontext = 64\nwidth = 80\n[train]\nsteps = 7\nseed = 3\n[read]\nitem = "shop"\nfreq = "D"\n')
    main(["train", "d.csv", "--config", str(path), "--steps", "9", "--max-time", "1h30m", "--freq", "h", "--horizon", "5"])
    call = asked["train"]
    assert call["model"] == {"context": 64, "width": 80}
    assert call["training"] == {"steps": 9, "seed": 3, "max_time": 5400.0}
    assert call["read"] == ReadOptions(item=("shop",), freq="h")
    assert call["horizon"] == 5


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[train]\nstep = 3\n", "did you mean 'steps'"),
        ("[trian]\nsteps = 3\n", "did you mean [train]"),
        ("[train]\nsteps = 'x'\n", "steps must be int"),
        ("steps = 3\n", "[train]"),
        ("[train\n", "line 1"),
        ("[read]\ntaget = ['x']\n", "did you mean 'target'"),
    ],
)
def test_when_the_configuration_file_is_wrong_then_the_error_names_it_and_nothing_is_done(asked, tmp_path, capsys, text, wanted):
    path = tmp_path / "train.toml"
    path.write_text(text)
    assert main(["train", "d.csv", "--config", str(path)]) == 2
    shown = capsys.readouterr().err
    assert wanted in shown
    assert "train.toml" in shown
    assert not asked


def test_when_backtest_is_asked_plainly_then_no_setting_is_invented(asked):
    main(["backtest", "d.csv"])
    assert asked["backtest"]["config"] is None
    main(["backtest", "d.csv", "--windows", "3", "--baselines", "naive,auto-ets", "--model", "a,b/2"])
    assert asked["backtest"]["config"].windows == 3
    assert asked["backtest"]["config"].baselines == ("naive", "auto-ets")
    assert asked["backtest"]["model"] == ("a", "b/2")


def test_when_quantiles_and_a_terminal_plot_are_asked_for_then_no_file_is_plotted(asked):
    main(["forecast", "d.csv", "--quantiles", "0.1, 0.5,0.9", "--plot", "terminal"])
    assert asked["forecast"]["quantiles"] == (0.1, 0.5, 0.9)
    assert asked["forecast"]["plot"] == ()
    main(["forecast", "d.csv", "--plot", "a.png,terminal", "--plot", "b.html"])
    assert asked["forecast"]["plot"] == ("a.png", "b.html")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("5min", 300), ("1.5h", 5400), ("1h30m", 5400)]
)
def test_when_a_time_is_given_then_it_is_read_in_its_unit(text, seconds):
    assert options.seconds(text, "--max-time") == seconds


@pytest.mark.parametrize("text", ["", "0", "-5", "5 weeks", "m", "nan"])
def test_when_a_time_makes_no_sense_then_the_error_names_the_flag(text):
    with pytest.raises(ConfigError, match="`max_time` must be a duration"):
        options.seconds(text, "--max-time")


def test_when_numbers_make_no_sense_then_the_error_names_the_flag():
    with pytest.raises(ConfigError, match="`quantiles` must be a list"):
        options.numbers("0.1;0.5", "--quantiles")


def test_when_the_parts_of_the_network_are_named_then_train_is_asked_for_them_and_unknown_ones_are_errors(asked, capsys):
    parts = {"front_end": "gru", "encoder": "window", "decoder": "autoregressive", "position": "none"}
    flags = [word for name, kind in parts.items() for word in (f"--{name.replace('_', '-')}", kind)]
    main(["train", "data.csv", *flags])
    assert asked["train"]["model"] == parts
    asked.clear()
    capsys.readouterr()
    assert main(["train", "data.csv", "--decoder", "mlp"]) == 2
    assert "direct, recurrent, cross-attention, autoregressive" in capsys.readouterr().err
    assert not asked


def test_when_paths_are_asked_for_then_there_must_be_a_file_for_them(asked, capsys):
    assert main(["forecast", "data.csv", "--paths", "50"]) == 2
    assert "-o paths.parquet" in capsys.readouterr().err
    assert not asked
    main(["forecast", "data.csv", "--paths", "50", "--seed", "3", "-o", "paths.parquet"])
    assert (asked["forecast"]["paths"], asked["forecast"]["seed"]) == (50, 3)


def help_of(command: str, capsys) -> str:
    assert main([*command.split(), "--help"]) == 0
    return capsys.readouterr().out


def test_when_help_is_shown_then_no_summary_is_cut_at_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = help_of("", capsys)
    assert "..." not in text.partition("Commands:")[2]
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("command", [command.__name__ for command in COMMANDS])
def test_when_the_help_of_a_command_is_shown_then_it_has_examples_whose_options_exist(command, capsys):
    text = help_of(command, capsys)
    lines = [line.split() for line in text.splitlines() if line.startswith(f"    tsattn {command}")]
    assert lines
    assert {word for line in lines for word in line if word.startswith("--")} <= set(text.partition("Options:")[2].split())


def test_when_members_are_explained_then_all_of_them_are_listed(capsys):
    from tsattn.forecasting.ensemble.ensemble import DEFAULT

    assert options.MEMBERS.split(", ") == list(DEFAULT)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("forecast d.csv --horizon 0", "--horizon must be at least 1, not '0'", "see: tsattn forecast --help"),
        ("forecast d.csv --horizon=0", "--horizon must be at least 1, not '0'", "see: tsattn forecast --help"),
        ("train d.csv --steps many", "--steps must be a whole number, not 'many'", "see: tsattn train --help"),
        ("train d.csv --lr 0.1", "tsattn train has no option --lr", "did you mean --learning-rate? see: tsattn train --help"),
        ("train d.csv --horzion 3", "tsattn train has no option --horzion", "did you mean --horizon? see: tsattn train --help"),
        ("forecast d.csv -o", "-o needs a value", "see: tsattn forecast --help"),
        ("ingest d.csv e.csv", "unexpected argument: e.csv", "see: tsattn ingest --help"),
    ],
)
def test_when_an_option_is_wrong_then_the_error_has_the_form_of_the_others(words, message, hint, capsys):
    assert main(words.split()) == 2
    assert capsys.readouterr().err == f"error: {message}\nhint: {hint}\n"


def test_when_a_learning_rate_is_given_then_training_gets_it(asked):
    main(["train", "d.csv", "--learning-rate", "0.003"])
    assert asked["train"]["training"] == {"learning_rate": 0.003}
