"""Options and commands of messages, as Python spells them."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main

from tsattn import api
from tsattn.call_syntax import CALLS, COMMAND_LINE_ONLY, FLAGS, HELD_BY, PROSE, argument, in_python, rewritten
from tsattn.cli.main import app
from tsattn.config import ModelConfig, ReadOptions, TrainConfig

PACKAGE = Path(__file__).parents[1] / "tsattn"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
# words after an option in the package's texts that are values; any other word continues the sentence: see PROSE
VALUES = {
    "none",
    "network",
    "long",
    "rows",
    "times",
    "wide",
    "year-month",
    "mean",
    "sum",
    "last",
    "auto",
    "torch",
    "dmy",
    "mdy",
    "ymd",
}
VALUES |= {
    "cp1250",
    "zero-shot",
    "my-model",
    "total=north+south",
    "shop_de=DE",
    "aggregates",
    "1s",
    "5m",
}  # "aggregates": only in a help text

# no message names these, except that a training that diverges names --config, which is `training` for all but pretrain
OTHERWISE = {("pretrain", "max_time"), ("pretrain", "config"), ("pretrain", "workspace"), ("ingest", "workspace")}


def arguments_of(command: str) -> set[str]:
    """Arguments of the function of a command, reading options and keys of `model` and `training` included."""
    held = {"model": ModelConfig, "training": TrainConfig}
    names = set(inspect.signature(getattr(api, command)).parameters) | {field.name for field in fields(ReadOptions)}
    return names | {field.name for name, kind in held.items() if name in names for field in fields(kind)}


def written(made: str) -> set[str]:
    """Names of the arguments, and keys of dict arguments, in `name=value` or `name` in backticks."""
    if made.startswith("`"):
        return {made.strip("`")}
    keyword = ast.parse(f"f({made})", mode="eval").body.keywords[0]  # type: ignore[attr-defined]
    value = ast.literal_eval(keyword.value)
    return {keyword.arg, *(value if isinstance(value, dict) else ())}


@pytest.mark.parametrize("command", [name for name in COMMANDS if hasattr(api, name)])
def test_when_a_command_has_an_option_then_its_function_has_the_argument_that_messages_name(command):
    for parameter in COMMANDS[command].params:
        for flag in (option for option in parameter.opts if option.startswith("--")):
            name = flag[2:].replace("-", "_")
            if (command, name) in OTHERWISE:
                continue
            for value in (None,) if parameter.is_flag else (None, "24"):
                made = argument(name, value)
                if made is None:
                    assert name in COMMAND_LINE_ONLY
                else:
                    assert written(made) <= arguments_of(command), flag


@pytest.mark.parametrize("command", [name for name in COMMANDS if not hasattr(api, name)])
def test_when_a_command_has_no_function_then_its_own_options_stay_as_they_are(command):
    shared = set().union(*(arguments_of(name) for name in COMMANDS if hasattr(api, name)), inspect.signature(api.load).parameters)
    own = {flag[2:].replace("-", "_") for parameter in COMMANDS[command].params for flag in parameter.opts if flag[:2] == "--"}
    assert not own - shared - set(COMMAND_LINE_ONLY)


def test_when_the_functions_have_true_or_false_then_their_flags_become_true():
    functions = [getattr(api, name) for name in COMMANDS if hasattr(api, name)]
    switches = {p.name for one in functions for p in inspect.signature(one).parameters.values() if p.default is False}
    switches |= {field.name for field in fields(ReadOptions) if field.default is False} | {"refit"}  # None, True or False
    assert {name for name, made in FLAGS.items() if made == f"{name}=True"} == switches
    assert {made for made in FLAGS.values() if "start" in made} == {'start="shipped"', 'start="scratch"'}


def test_when_settings_are_keys_of_model_or_training_then_they_are_fields_of_their_configurations():
    assert {name for name, held in HELD_BY.items() if held == "model"} <= {field.name for field in fields(ModelConfig)}
    assert {name for name, held in HELD_BY.items() if held == "training"} <= {field.name for field in fields(TrainConfig)}


def test_when_a_command_becomes_a_call_then_the_function_exists():
    import tsattn

    for call in CALLS.values():
        *_, module, name = call.removesuffix("()").split(".")
        assert callable(getattr(api if module == "api" else tsattn, name))


def texts() -> list[tuple[str, str]]:
    """Every text of the package that is no docstring, with its place. A value that is filled in later reads `VALUE`."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name == "call_syntax.py":
            continue
        tree = ast.parse(path.read_text("utf-8"))
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, (ast.JoinedStr, ast.Expr)) for part in ast.walk(node)}
        calls = {id(node) for call in ast.walk(tree) if isinstance(call, ast.Call) for node in ast.walk(call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                said = "".join(part.value if isinstance(part, ast.Constant) else "VALUE" for part in node.values)
            elif (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and not (id(node) in parts and id(node) not in calls)
            ):
                said = node.value
            else:
                continue
            found.append((f"{path.relative_to(PACKAGE)}, line {node.lineno}", said))
    return found


def test_when_a_text_of_the_package_names_an_option_then_the_next_word_is_known_as_a_value_or_as_prose():
    options = {flag for one in COMMANDS.values() for p in one.params for flag in p.opts}
    seen, unknown = 0, []
    for place, said in texts():
        if place.startswith(("cli", "render")):
            continue
        for flag, word in re.findall(r"(?<![\w-])(--[a-z][a-z-]*[a-z]) ([a-z][\w=+-]*)", said):
            seen += 1
            name = flag[2:].replace("-", "_")
            if flag in options and name not in FLAGS and word not in (*PROSE, *VALUES):
                unknown.append(f"{place}: {flag} {word}")
    assert seen > 60
    assert not unknown, "add the word to PROSE of tsattn/call_syntax.py, or to VALUES here"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("use for example --horizon 24", "use for example horizon=24"),
        ("use fewer --windows or a shorter --horizon", "use fewer `windows` or a shorter `horizon`"),
        ("use --freq D, or --resample B", 'use freq="D", or resample="B"'),
        ("--freq D and --resample h disagree", 'freq="D" and resample="h" disagree'),
        ("resample: --resample D --agg sum", 'resample: resample="D", agg="sum"'),
        ("if it has three decimals: --decimal .", 'if it has three decimals: decimal="."'),
        ("--decimal , if '1.000' is a thousand", "decimal=\",\" if '1.000' is a thousand"),
        ("--decimal must be '.' or ',', not ';'", "`decimal` must be '.' or ',', not ';'"),
        ("--as-of 'soon' is not a time", 'as_of="soon" is not a time'),
        ('name one: --item "shop name"', 'name one: item="shop name"'),
        ("name them: --target a,b", 'name them: target=["a", "b"]'),
        ('name them: --known "a b",c', 'name them: known=["a b", "c"]'),
        ("mark them: --missing -999,x", 'mark them: missing=["-999", "x"]'),
        ("mark them: --missing 'n/a?'", 'mark them: missing="n/a?"'),
        ("mark them: --missing 'a\nb'", r'mark them: missing="a\nb"'),
        ("mark them: --missing ''", 'mark them: missing=""'),
        ("date it: --timestamp year,month", 'date it: timestamp="year,month"'),
        ("if they are zero: --fill 0", "if they are zero: fill=0"),
        ("--item regoin: no such column", 'item="regoin": no such column'),
        ("--target 2024: no such column", 'target="2024": no such column'),
        ("--sum: 'a' is a part of itself", "`sums`: 'a' is a part of itself"),
        ("--sum names 'a' twice", "`sums` names 'a' twice"),
        ("such as --sum total=north+south", 'such as sums="total=north+south"'),
        ("leave out --joint", "leave out joint=True"),
        ("use another --calendar, or --calendar none", 'use another `calendar`, or calendar="none"'),
        ("leave them out of --known (--known none leaves out all)", 'leave them out of `known` (known="none" leaves out all)'),
        ("use --steps 200", 'use training={"steps": 200}'),
        ("give it more time: --resume --max-time 1h30m", "give it more time: resume=True, max_time=5400"),
        ("remove --fine-tune or these settings", 'remove start="shipped" or these settings'),
        ("try --from-scratch", 'try start="scratch"'),
        ("add --corpus FILE.parquet, or remove the table", 'add corpus=["FILE.parquet"], or remove the table'),
        ("use --last N", "use last=N"),
        ("write `--horizon 24` or `--freq`", "write `horizon=24` or `freq`"),
        ("wait longer: --wait SECONDS", "wait longer: --wait SECONDS"),
        ("train one: tsattn train DATA; or --model NAME", 'train one: tsattn.train(data); or model="NAME"'),
        ("name the data: tsattn forecast data.csv", 'name the data: tsattn.forecast("data.csv")'),
        ("ingest it: tsattn ingest FILE -o panel.parquet", 'ingest it: tsattn.ingest("FILE", output="panel.parquet")'),
        ("make one: tsattn pretrain --out FOLDER", 'make one: tsattn.api.pretrain(out="FOLDER")'),
        ("train again with `tsattn train`", "train again with `tsattn.train`"),
        ("none (see: tsattn models)", "none (see: tsattn.models())"),
        ("curl -L URL | tsattn ingest -", "curl -L URL | tsattn ingest -"),
        ("see: tsattn ingest data.csv --verbose", "see: tsattn ingest data.csv --verbose"),
        ("`tsattn serve` needs FastAPI", "`tsattn serve` needs FastAPI"),
        ("a panel that tsattn wrote", "a panel that tsattn wrote"),
        ("pip install 'tsattn[stats]'", "pip install 'tsattn[stats]'"),
        ("[train]: unknown key 'step'", "training: unknown key 'step'"),
        ("recipe.toml [train]: unknown key 'step'", "recipe.toml [train]: unknown key 'step'"),
        ("no column '--total --freq D'; the item's name is 'x'", "no column '--total --freq D'; the item's name is 'x'"),
        ("2024-01-01 -- 2024-02-01", "2024-01-01 -- 2024-02-01"),
    ],
)
def test_when_a_message_names_options_and_commands_then_python_has_its_own(said, expected):
    assert in_python(said) == expected


def test_when_an_option_is_not_replaced_then_it_stays_as_it_is():
    assert rewritten("use --freq D or --horizon 3", lambda name, value: None) == "use --freq D or --horizon 3"
