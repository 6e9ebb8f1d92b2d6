"""Process that runs tsattn commands one after another, and is replaced when it dies or hangs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

from benchmarks.soak.campaign import Harm

ROOT = Path(__file__).parents[2]
EXPECTED = (0, 1, 2, 4, 75)  # exit codes other than internal errors


@dataclass(frozen=True)
class Answer:
    """Result of one command line. cpu: CPU seconds. peak: MiB of resident memory, 0 where the system does not report it."""

    code: int
    cpu: float
    peak: float
    out: str
    err: str


class Worker:
    """Process that runs command lines. patience: seconds after which a command counts as hanging. memory: MiB it may take."""

    def __init__(self, patience: float = 300.0, cpu: float = 30.0, memory: float = 1000.0) -> None:
        self.patience, self.cpu, self.memory = patience, cpu, memory
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def ask(self, words: list[str], folder: Path) -> Answer:
        """Run a command line in a folder. Raises Harm for an internal error, a traceback, a hang or the death of the process."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        timer = Timer(self.patience, process.kill)
        timer.start()
        try:
            process.stdin.write(json.dumps({"words": words, "folder": str(folder)}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            code = process.wait()
            self._end()
            raise Harm(f"{words[0]} hung or died (exit {code}): {' '.join(words)}")
        answer = Answer(**json.loads(line))
        said = answer.out + answer.err
        if answer.code not in EXPECTED or "Traceback" in said or "in a way it should not" in said:
            raise Harm(f"{' '.join(words)} ended with {answer.code}: {said[-1500:]}")
        if answer.cpu > self.cpu:
            raise Harm(f"{' '.join(words)} took {answer.cpu:.0f} CPU seconds")
        if answer.peak > self.memory:
            raise Harm(f"{' '.join(words)} took {answer.peak:,.0f} MiB")
        return answer

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.soak.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
                cwd=ROOT,
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _forget_peak() -> None:
    """Let the system count the peak of resident memory from now on (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "ascii")


def _peak() -> float:
    """The peak of resident memory in MiB; 0 where the system does not report it."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    return 0.0


def main() -> None:
    """Run command lines from standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # output of native libraries is not part of an answer
    from tsattn.cli.main import main as command

    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        os.chdir(asked["folder"])
        _forget_peak()
        out, err, began = io.StringIO(), io.StringIO(), time.process_time()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = command(asked["words"])
            except SystemExit as stop:
                code = int(stop.code or 0) if isinstance(stop.code, int | None) else 1
        answer = {
            "code": code,
            "cpu": time.process_time() - began,
            "peak": _peak(),
            "out": out.getvalue()[-20_000:],
            "err": err.getvalue()[-5000:],
        }
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
