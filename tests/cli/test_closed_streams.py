"""A service may start tsattn with closed streams, or on a full disk: an exit code, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")


@pytest.mark.parametrize(
    ("streams", "code"),
    [(">&-", 0), ("2>&-", 0), ("<&-", 0), ("> /dev/full", 1), ("--json > /dev/full", 1), ("--json > /dev/full 2> /dev/full", 1)],
)
def test_when_a_stream_is_closed_or_full_then_the_exit_code_says_so_without_a_traceback(tmp_path, streams, code):
    if "/dev/full" in streams and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    line = f"{sys.executable} -m tsattn models {streams}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr + done.stdout
    assert "internal error" not in done.stderr
