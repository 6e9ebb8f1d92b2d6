"""SIGTERM and SIGINT in every phase of a run: the exit code, the record and the files agree."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

from benchmarks.soak import made
from benchmarks.soak.campaign import Harm

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Signals:
    """Campaign whose cases send one signal at a random moment of a run, half of them after the run has begun."""

    def __init__(self) -> None:
        self.usual = 0.0

    def case(self, dice: random.Random, folder: Path) -> str:
        path, number = made.write_job(folder, items=dice.choice([3, 40])), dice.choice(list(CODES))
        began = time.monotonic()
        child = made.start(["run", path, "-q"], folder)
        if not self.usual:  # the first run tells how long one takes
            _, said = child.communicate()
            if child.returncode:
                raise Harm(f"a run that nobody disturbed ended with {child.returncode}: {said[-1000:]}")
            self.usual = time.monotonic() - began
            return "measured"
        late = dice.random() < 0.5  # else most signals meet the imports
        if late:
            made.wait_until_begun(child, folder)
        try:
            child.wait(made.within(dice, self.usual) / (2 if late else 1))
        except subprocess.TimeoutExpired:
            child.send_signal(number)
        try:
            _, said = child.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise Harm(f"{number.name} did not end the run") from None
        return self._judge(child.returncode, number, said, folder)

    def _judge(self, code: int, number: signal.Signals, said: str, folder: Path) -> str:
        last = made.record(folder)
        status = last["status"] if last else "none"
        if left := made.strays(folder):
            raise Harm(f"{number.name} left {left} (exit {code}, record {status})")
        if "Traceback" in said:
            raise Harm(f"{number.name}: {said[-1500:]}")
        agree = {0: ("done",), CODES[number]: ("interrupted", "none"), -number: ("none",)}
        if status not in agree.get(code, ()):
            raise Harm(f"{number.name}: exit {code}, and the record says {status}")
        rows = len(made.stored(folder / "out.db"))
        if status == "done" and not rows:
            raise Harm("the record says done, and there are no rows")
        return f"exit {code}, record {status}"
