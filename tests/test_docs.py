"""What is written for users is true."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer.main

import tsattn
from tsattn.cli.main import app
from tsattn.config import ModelConfig, ReadOptions, TrainConfig, from_mapping
from tsattn.errors import ExitCode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def options_of(command: str) -> set[str]:
    return {flag for parameter in COMMANDS[command].params for flag in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("command", list(COMMANDS))
def test_when_there_is_a_command_then_the_readme_shows_it_and_its_help_begins_with_a_sentence(command):
    assert f"`tsattn {command}" in README
    assert (COMMANDS[command].help or "").partition("\n")[0].endswith(".")


@pytest.mark.parametrize("command", list(COMMANDS))
def test_when_a_command_has_an_option_then_its_help_says_what_it_does(command):
    silent = [p.name for p in COMMANDS[command].params if p.name != "help" and not getattr(p, "help", None)]
    assert not silent


def shown_commands() -> list[str]:
    return re.findall(r"^ {4}(?:cat \S+ \| )?(tsattn [^#\n]+)", README, re.MULTILINE)


@pytest.mark.parametrize("line", shown_commands())
def test_when_the_readme_shows_a_command_line_then_its_options_exist(line):
    words = shlex.split(line)
    assert words[1] in COMMANDS
    assert {word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word)} <= options_of(words[1])


def test_when_the_readme_names_exit_codes_then_they_are_all_there():
    line = README[README.index("Exit codes:") :].partition("\n- ")[0]
    assert {int(n) for n in re.findall(r"\b\d+\b", line)} == {int(code) for code in ExitCode}


def test_when_the_readme_shows_a_settings_file_then_it_is_accepted():
    block = README[README.index("    [model]") :].partition("\n\n")[0]
    values = tomllib.loads(re.sub("^ {4}", "", block, flags=re.MULTILINE))
    kinds = {"model": ModelConfig, "train": TrainConfig, "read": ReadOptions}
    assert all(from_mapping(kinds[table], values[table], table) for table in values)


def test_when_the_readme_shows_python_then_it_compiles_and_its_names_exist():
    code = README.partition("```python\n")[2].partition("```")[0]
    compile(code, "README.md", "exec")
    names = set(re.findall(r"\btsattn\.([a-z]\w*)", code))
    assert names <= set(tsattn.__all__)
    assert all(getattr(tsattn, name) for name in names)


def test_when_the_readme_links_to_a_file_then_it_is_there():
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if not link.startswith("http")]
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_when_sample_data_is_there_then_its_source_and_licence_are_named():
    text = (ROOT / "sample_data" / "README.md").read_text("utf-8")
    files = sorted(path.name for path in (ROOT / "sample_data").iterdir() if path.suffix != ".md")
    assert len(files) >= 4
    assert not [name for name in files if f"`{name}`" not in text]
    assert sum(path.stat().st_size for path in (ROOT / "sample_data").iterdir()) < 1_000_000


def test_when_a_version_is_released_then_the_package_and_the_change_log_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == tsattn.__version__
    assert f"## {tsattn.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_when_the_package_is_installed_then_the_malicious_lightning_uploads_are_excluded():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lightning = next(line for line in project["dependencies"] if "lightning" in line)
    assert "!=2.6.2" in lightning
    assert "!=2.6.3" in lightning


def test_when_versions_are_pinned_then_no_host_is_named():
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert "://" not in text
    assert "@" not in text
    assert "torch==" in text
