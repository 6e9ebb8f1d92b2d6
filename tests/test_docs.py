"""README, docs and the files beside them agree with the code."""

from __future__ import annotations

import dataclasses
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer.main

import tsattn
from tsattn.batch.jobs import Job
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
    """Command lines in the console and shell blocks of README and docs."""
    pages = [README, *(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))]
    blocks = "\n".join(block for page in pages for block in re.findall(r"```(?:console|sh)\n(.*?)```", page, re.DOTALL))
    return re.findall(r"^(?:\$ )?(tsattn [a-z][^#\n|>]+)", blocks, re.MULTILINE)


@pytest.mark.parametrize("line", shown_commands())
def test_when_the_docs_show_a_command_line_then_its_options_exist(line):
    words = shlex.split(line)
    assert words[1] in COMMANDS
    flags = {word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", word)}
    assert flags <= options_of(words[1])


def test_when_the_docs_list_exit_codes_then_each_has_one_row():
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "exit-codes.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(int(code) for code in ExitCode)


def test_when_the_docs_show_a_settings_file_then_it_is_accepted():
    page = (ROOT / "docs" / "training.md").read_text("utf-8")
    values = tomllib.loads(page.partition('```toml title="train.toml"\n')[2].partition("```")[0])
    assert set(values) == {"model", "train", "read"}
    kinds = {"model": ModelConfig, "train": TrainConfig, "read": ReadOptions}
    assert all(from_mapping(kinds[table], values[table], table) for table in values)


def test_when_the_docs_list_the_keys_of_a_job_then_they_are_all_there():
    table = (ROOT / "docs" / "jobs.md").read_text("utf-8").partition("## Keys of a job")[2]
    named = {key for row in re.findall(r"^\|([^|]+)\|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
    assert named == {field.name for field in dataclasses.fields(Job)} - {"line"}


def test_when_the_docs_show_python_then_it_compiles_and_its_names_exist():
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text("utf-8"), re.DOTALL)
    assert blocks
    for code in blocks:
        compile(code, "python.md", "exec")
        names = set(re.findall(r"\btsattn\.([a-z]\w*)", code))
        assert names <= set(tsattn.__all__)
        assert all(getattr(tsattn, name) for name in names)


def test_when_the_readme_is_read_then_it_is_short():
    assert len(README.splitlines()) <= 150


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
