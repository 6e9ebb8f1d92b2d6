"""Make the page cli.md from the commands themselves, so that it cannot differ from `--help`."""

from __future__ import annotations

import re
from typing import Any

from mkdocs.structure.files import File, Files


def on_files(files: Files, config: Any) -> Files:
    """Add the generated page to those of the site."""
    files.append(File.generated(config, "cli.md", content=reference()))
    return files


def reference() -> str:
    """The command reference as Markdown: each command's help, its arguments and its options."""
    import typer.main

    from tsattn.cli.main import app

    parts = [
        "# Commands",
        "This page is made from the commands themselves. `tsattn COMMAND --help` prints the same in the terminal.",
    ]
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        parts += _command(f"tsattn {name}", command)
    return "\n\n".join(parts) + "\n"


def _command(name: str, command: Any) -> list[str]:
    parts = [f"## {name}", _prose(command.help or "")]
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        rows = [_row(parameter) for parameter in command.params if parameter.param_type_name == kind and not parameter.hidden]
        if rows:
            parts.append("\n".join((f"| {title} | |", "|---|---|", *rows)))
    for child, inner in getattr(command, "commands", {}).items():
        parts += [
            part.replace("## ", "### ", 1) if part.startswith("## ") else part for part in _command(f"{name} {child}", inner)
        ]
    return parts


def _prose(text: str) -> str:
    """Help as Markdown: lines that begin with `tsattn` are examples."""
    blocks: list[str] = []
    for block in re.split(r"\n\s*\n", text.replace("\b", "").strip()):
        lines = [line.strip() for line in block.strip("\n").splitlines()]
        examples = [line for line in lines if re.match(r"(\$ )?tsattn ", line)]
        words = " ".join(line for line in lines if line not in examples)
        blocks += [words] * bool(words)
        if examples:
            blocks.append("\n".join(("```", *examples, "```")))
    return "\n\n".join(blocks)


def _row(parameter: Any) -> str:
    """One argument or option as a row of a table."""
    names = ", ".join(f"`{flag}`" for flag in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{(parameter.metavar or parameter.name or '').upper()}`"
    text = " ".join((parameter.help or "").split()).replace("|", "\\|").replace("<", "\\<")
    return f"| {names} | {text} |"
