"""Usage errors in the same form as all others: the mistake, then the right command."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

# options under the names that other libraries use
SYNONYMS = {
    "--lr": "--learning-rate",
    "--epochs": "--steps",
    "--iterations": "--steps",
    "--max-steps": "--steps",
    "--max-epochs": "--steps",
    "--timeout": "--max-time",
    "--time-limit": "--max-time",
    "--frequency": "--freq",
    "--lookback": "--context",
    "--context-length": "--context",
    "--prediction-length": "--horizon",
    "--forecast-horizon": "--horizon",
    "--h": "--horizon",
    "--periods": "--horizon",
    "--id": "--item",
    "--ids": "--item",
    "--date": "--timestamp",
    "--time": "--timestamp",
    "--out": "--output",
    "--save": "--output",
    "--future-covariates": "--known",
    "--past-covariates": "--past",
    "--static-covariates": "--static",
    "--levels": "--quantiles",
    "--gpus": "--devices",
    "--folds": "--windows",
    "--models": "--model",
}


KINDS = {"integer": "a whole number", "number": "a number"}


def usage_error(error: Any, words: Sequence[str] = ()) -> tuple[str, str]:
    """Return (message, hint) of an error that the parser raised on the command line `words`."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else " ".join(["tsattn", *words[:1]])
    see = f"see: {command} --help"
    unknown = getattr(error, "option_name", None)
    if unknown is None or "requires an argument" in error.message:
        return _plain(error.format_message(), words), see
    known = [flag for parameter in context.command.params for flag in parameter.opts] if context else []
    meant = SYNONYMS.get(unknown)
    near = [meant] if meant in known else difflib.get_close_matches(unknown, [k for k in known if k.startswith("--")], 1, 0.7)
    return f"{command} has no option {unknown}", f"did you mean {near[0]}? {see}" if near else see


def _plain(text: str, words: Sequence[str]) -> str:
    """The parser's sentence in the words of the other errors."""
    found = re.fullmatch(r"Invalid value for '?(?P<name>[^':]+)'?[^:]*: (?P<why>.+)", text, re.S)
    if not found:
        text = re.sub(r"Option '(.+)' requires an argument", r"\1 needs a value", text)
        return re.sub(r"Got unexpected extra argument\(?s?\)? \((.+)\)", r"unexpected argument: \1", text).rstrip(".")
    name, why = found["name"], found["why"]
    given = next((f", not {after!r}" for word, after in pairwise(words) if word == name), "")
    given = next((f", not {w.partition('=')[2]!r}" for w in words if w.startswith(f"{name}=")), given)
    least = re.search(r"greater than or equal to (-?\d+)", why)
    kind = re.search(r"valid (integer|number)", why)
    if least:
        return f"{name} must be at least {least[1]}{given}"
    return f"{name} must be {KINDS[kind[1]]}{given}" if kind else f"{name}: {why}"
