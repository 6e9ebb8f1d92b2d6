"""Conversion of options and commands in messages to Python: `--horizon 24` becomes `horizon=24`.

Messages are written for the command line. `tests/test_call_syntax.py` compares the tables with the commands and functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# -- differences between the command line and Python -----------------------------------------------------------------

_TRUE = ("conformal", "drop_last", "explain", "joint", "leaderboard", "profile", "refit", "resume")
FLAGS = {**{name: f"{name}=True" for name in _TRUE}, "fine_tune": 'start="shipped"', "from_scratch": 'start="scratch"'}
RENAMED = {"config": "training", "from": "start", "sum": "sums"}
HELD_BY = {  # options that are keys of the dict arguments `model` and `training` of `train` and `tune`
    **dict.fromkeys(("front_end", "encoder", "decoder", "position", "context"), "model"),
    **dict.fromkeys(("steps", "learning_rate", "device", "devices", "nodes", "precision"), "training"),
}
TIMES = ("max_time",)  # 5m on the command line, 300 in Python
SEVERAL = ("item", "target", "past", "known", "static", "missing", "holidays", "series", "members", "hierarchy")
TEXTS = (*SEVERAL, "timestamp", "model", "name", "as_of", "cutoffs", "title")  # quoted even if the value looks like a number
LISTS = ("baselines", "corpus", "cutoffs", "metrics", "quantiles")  # lists even for a single value
COMMAND_LINE_ONLY = (
    *("allow_host", "body_timeout", "cron", "debug", "dry_run", "gallery", "head", "help", "host", "job", "json", "json_logs"),
    *("kinds", "max_body", "max_memory", "no_alert", "port", "prometheus", "queue", "quiet", "ray_address", "systemd", "timeout"),
    *("token", "verbose", "version", "wait", "workers", "yes"),
)
_VERBS = ("backtest", "describe", "detect", "explain", "forecast", "ingest", "report", "train", "tune")
CALLS = {
    **{verb: f"tsattn.{verb}" for verb in _VERBS},
    "models": "tsattn.models()",
    "models delete": "tsattn.api.delete_model",
    "pretrain": "tsattn.api.pretrain",
}

# -- parts of a message ----------------------------------------------------------------------------------------------

PROSE = (  # words that continue the sentence after an option without a value
    *("and", "are", "as", "but", "columns", "exclude", "for", "if", "in", "is", "must", "names", "needs", "on", "or", "that"),
    *("to", "twice", "when", "with", "without"),
)
_QUOTED = r"""(?<![\w=,])(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""  # names and values from the data
_PART = r"""(?:"[^"]*"|'(?:[^'\\]|\\.)*'|[^\s,;()"'`]*[^\s,;()"'`.:…])"""
_VALUE = rf"(?!--|-[a-z]\b|(?:{'|'.join(PROSE)})(?![\w-]))(?:{_PART}(?:,{_PART})*|[.,](?=\s|$))"
_FLAG = rf"--(?:{'|'.join(FLAGS).replace('_', '-')})(?![\w-])"
_OPTION = rf"(?:{_FLAG}|--[a-z][a-z-]*[a-z](?:[ =]{_VALUE})?)"
_ARGUMENT = rf"(?:{_OPTION}|-[a-z] {_VALUE}|-(?![\w-])|[A-Z]{{2,}}\b|[\w/]+\.(?:csv|parquet|toml))"
_PARTS = re.compile(
    rf"(?P<quoted>{_QUOTED})"
    rf"|(?<![\w.-])(?P<command>tsattn (?:models delete|[a-z]+)(?: {_ARGUMENT})*)"
    rf"|(?<![\w-])(?P<tick>`?)(?P<options>{_OPTION}(?: {_OPTION})*)(?P=tick)"
)
_ONE = re.compile(rf"{_FLAG}|--([a-z-]+)(?:[ =]({_VALUE}))?")


def in_python(text: str) -> str:
    """Return a message with its options and commands converted to Python; those that Python lacks are left unchanged.

    `use --freq D, or --resample B` becomes `use freq="D", or resample="B"`, and `train one: tsattn train DATA` becomes
    `train one: tsattn.train(data)`.
    """
    table = re.match(r"\[(model|train)\](?=: )", text)  # a table of a settings file, a dict in Python
    if table:
        text = {"model": "model", "train": "training"}[table[1]] + text[table.end() :]
    return rewritten(text, argument, call)


def rewritten(
    text: str, option: Callable[[str, str | None], str | None], command: Callable[[str], str] = lambda words: words
) -> str:
    """Return a message in which `option(name, value)` replaces each option and `command(words)` each command.

    name: `as_of` for `--as-of`. value: the text after it, None if there is none. An option for which `option` returns None
    is left unchanged.
    """

    def one(found: re.Match[str]) -> str:
        name, value = (found[1], found[2]) if found[1] else (found[0][2:], None)
        made = option(name.replace("-", "_"), value)
        return found[0] if made is None else made

    def part(found: re.Match[str]) -> str:
        if found["quoted"]:
            return found[0]
        if found["command"]:
            return found[0] if found.string[: found.start()].endswith("| ") else command(found[0])
        several = ", ".join(one(each) for each in _ONE.finditer(found["options"]))
        return f"`{several.strip('`')}`" if found["tick"] else several

    return _PARTS.sub(part, text)


def argument(name: str, value: str | None) -> str | None:
    """Return an option as an argument of a Python function, or None if there is none."""
    if name in COMMAND_LINE_ONLY:
        return None
    if name in FLAGS:
        return FLAGS[name]
    name = RENAMED.get(name, name)
    if value is None:
        return f"`{name}`"
    made = _literal(name, value)
    return f'{HELD_BY[name]}={{"{name}": {made}}}' if name in HELD_BY else f"{name}={made}"


def call(words: str) -> str:
    """Return a command such as `tsattn train DATA` as a call of a Python function; unchanged if there is none."""
    found = re.fullmatch(r"tsattn (models delete|[a-z]+)((?: [^-]\S*)*)((?: -.+)?)", words.replace(" -o ", " --output "))
    function = CALLS.get(found[1]) if found else None
    if found is None or function is None:
        return words
    options = rewritten(found[3].strip(), argument)
    given = ["data" if word == "DATA" else _text(word) for word in found[2].split()] + ([options] if options else [])
    if options.startswith("-") or (given and function.endswith(")")):
        return words
    return f"{function}({', '.join(given)})" if given else function


def _literal(name: str, value: str) -> str:
    """Return the value of an option as a Python literal."""
    if name in TIMES and value[0].isdigit():
        units = {"s": 1, "m": 60, "h": 3600}
        return str(sum(int(count) * units[unit or "s"] for count, unit in re.findall(r"(\d+)([smh]?)", value)))
    value = value[1:-1] if value[0] == value[-1] == "'" and len(value) > 1 else value
    cells = _cells(value) if name in (*SEVERAL, *LISTS) else [value.strip('"')]
    made = [cell if name not in TEXTS and _is_number(cell) else _text(cell) for cell in cells]
    return f"[{', '.join(made)}]" if len(made) > 1 or name in LISTS else made[0]


def _cells(value: str) -> list[str]:
    """Split `a,"b,c"` into its parts."""
    import csv

    try:
        return next(csv.reader([value]), []) or [""]
    except csv.Error:  # such as a line break in a name
        return [value.strip('"')]


def _is_number(text: str) -> bool:
    """Return True for numbers and the placeholders of numbers."""
    return bool(re.fullmatch(r"[-+]?\d+(?:\.\d+)?|N|SECONDS", text))


def _text(value: str) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
