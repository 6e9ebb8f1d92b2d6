"""Run the code blocks of a Markdown page as a reader would, and compare what they print with what the page shows.

    ```console          each line `$ command` is run by a shell; what follows, up to the next `$`, is its output
    ```python           run in one namespace a page
    ```toml title="x"   (or csv, text, …) saved as the file x beside them

Every page runs in a folder of its own, with `sample_data` in it. `<!-- run: no -->` on the line before a block leaves it out.
In an expected output a line `…` stands for any lines, and `…` in a line for any text. Numbers may differ by a thousandth part,
because processors round differently. `python -m tests.doc_blocks PAGE...` writes the current output into the pages.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w+)(.*)$")
SKIPPED = "<!-- run: no -->"
ANY = "…"
TOLERANCE = 1e-3
_NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")
_BARS = re.compile(r"[▁▂▃▄▅▆▇█⠀-⣿░▒▓▏▎▍▌▋▊▉─]+")
# what differs from run to run: seconds and moments
_VOLATILE = re.compile(r"\b\d+(?:\.\d+)? (?:ms|s|min)\b(?: \d+ s\b)?|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?\b")
# lines of progress that are printed only if the work takes longer than a few seconds
_LATE = re.compile(r"(?:forecasting|reconciling|explaining), [\d,]+ of [\d,]+ .* left")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file it is saved as ("" for none), its lines, and where it begins in the page."""

    language: str
    title: str
    lines: tuple[str, ...]
    first: int  # number of its first line, from 0
    runs: bool

    def commands(self) -> Iterator[tuple[str, int, tuple[str, ...]]]:
        """Yield (command, number of its first output line in the block, output lines)."""
        starts = [n for n, line in enumerate(self.lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(self.lines)], strict=True):
            last = start
            while self.lines[last].endswith("\\"):
                last += 1
            command = "\n".join((self.lines[start][2:], *self.lines[start + 1 : last + 1]))
            yield command, last + 1, self.lines[last + 1 : end]


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a Markdown text, in order."""
    found: list[Block] = []
    lines, n = text.splitlines(), 0
    while n < len(lines):
        opening = FENCE.match(lines[n])
        if not opening:
            n += 1
            continue
        end = next(k for k in range(n + 1, len(lines)) if lines[k].startswith("```"))
        title = re.search(r'title="([^"]+)"', opening[2])
        runs = not (n and lines[n - 1].strip() == SKIPPED)
        found.append(Block(opening[1], title[1] if title else "", tuple(lines[n + 1 : end]), n + 1, runs))
        n = end + 1
    return found


def matches(expected: tuple[str, ...], printed: tuple[str, ...]) -> bool:
    """Return True if printed lines match the expected ones, up to `…`, rounding and values that vary between runs."""
    if not expected:
        return not printed
    if expected[0].strip() == ANY:
        return any(matches(expected[1:], printed[k:]) for k in range(len(printed) + 1))
    return bool(printed) and _same_line(expected[0], printed[0]) and matches(expected[1:], printed[1:])


def _same_line(expected: str, printed: str) -> bool:
    if ANY in expected and not _same_line_exactly(expected, printed):
        pattern = ".*".join(re.escape(" ".join(part.split())) for part in expected.split(ANY))
        return re.fullmatch(pattern, " ".join(printed.split())) is not None
    return _same_line_exactly(expected, printed)


def _same_line_exactly(expected: str, printed: str) -> bool:
    (one, first), (other, second) = _skeleton(expected), _skeleton(printed)
    return one == other and all(abs(a - b) <= TOLERANCE * max(abs(a), abs(b), 1e-9) for a, b in zip(first, second, strict=True))


def _skeleton(line: str) -> tuple[str, list[float]]:
    """A line with its numbers, bars and times taken out, and the numbers."""
    line = _BARS.sub("▁", _VOLATILE.sub("TIME", line.rstrip()))
    numbers = [float(text.replace(",", "")) for text in _NUMBER.findall(line)]
    return " ".join(_NUMBER.sub("#", line).split()), numbers


def run_page(path: Path, folder: Path) -> Iterator[tuple[Block, int, str, tuple[str, ...], tuple[str, ...]]]:
    """Run a page in `folder`; yield (block, line of the output in the page, command, expected lines, printed lines)."""
    shutil.copytree(ROOT / "sample_data", folder / "sample_data", dirs_exist_ok=True)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(path.read_text("utf-8")):
        if block.title and block.language != "console":
            (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.title).write_text("\n".join(block.lines) + "\n", "utf-8")
        elif block.language == "console" and block.runs:
            for command, offset, expected in block.commands():
                yield block, block.first + offset, command, expected, _shell(command, folder)
        elif block.language == "python" and block.runs:
            with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                exec(compile("\n" * block.first + "\n".join(block.lines), str(path), "exec"), names)


def _shell(command: str, folder: Path) -> tuple[str, ...]:
    """Return the output of a command on both streams, without the path of the folder and progress that a slow machine shows."""
    tool = folder / ".bin" / "tsattn"
    if not tool.exists():
        tool.parent.mkdir()
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tsattn "$@"\n', "utf-8")
        tool.chmod(0o755)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("TSATTN_") or key == "TSATTN_CACHE"},
        "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    text = done.stdout.replace(str(folder.resolve()), "/home/you").replace(str(folder), "/home/you")
    return tuple(line.rstrip() for line in text.splitlines() if not _LATE.fullmatch(line.rstrip()))


def refresh(path: Path) -> int:
    """Write what each command prints now into a page, where it differs from what is shown; return how many did.

    An expected output with `…` that does not match is replaced whole, and has to be shortened again by hand.
    """
    with tempfile.TemporaryDirectory() as place:
        found = list(run_page(path, Path(place)))
    lines, changed = path.read_text("utf-8").splitlines(), 0
    for _, at, command, expected, printed in reversed(found):
        if not matches(expected, printed):
            lines[at : at + len(expected)] = printed
            changed += 1
            sys.stderr.write(f"{path}:{at}: {command}\n")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return changed


if __name__ == "__main__":
    for name in sys.argv[1:]:
        refresh(Path(name))
