"""Run the campaigns, each seeded and resumable, and print the numbers of cases tried, passed and failed.

    python -m benchmarks.soak [CAMPAIGN …] [--share 1.0] [--seed 0] [--folder FOLDER]

With --folder, an interrupted campaign continues, and the folders of failed cases are kept. `--share 0.01` tries a hundredth of
the default number of cases of each campaign; `--cases N` tries N.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.soak import full_disk, known_mutations, locked, training_kills
from benchmarks.soak.campaign import Harm, Tally, run_cases
from benchmarks.soak.hostile_names import HostileNames
from benchmarks.soak.job_kills import JobKills, server
from benchmarks.soak.model_folders import ModelFolders
from benchmarks.soak.mutated_files import MutatedFiles
from benchmarks.soak.server_restarts import ServerRestarts
from benchmarks.soak.signals import Signals
from benchmarks.soak.worker import Worker


def mutated(folder: Path, cases: int, seed: int) -> Tally:
    """Mutated files."""
    with Worker() as worker:
        return run_cases("mutated-files", folder, cases, seed, MutatedFiles(worker).case)


def known(folder: Path, cases: int, seed: int) -> Tally:
    """Mutated files whose truth is known."""
    return run_cases("known-mutations", folder, cases, seed, known_mutations.case)


def kills(folder: Path, cases: int, seed: int) -> Tally:
    """Kill -9 in jobs."""
    there = server(folder / "postgresql")
    return run_cases("job-kills", folder, cases, seed, JobKills(folder / "job-kills", there.get_uri() if there else "").case)


def restarts(folder: Path, cases: int, seed: int) -> Tally:
    """Restarts of the PostgreSQL server in jobs; none without a server."""
    there = server(folder / "postgresql-restarts")
    if there is None:
        return Tally("server-restarts")
    return run_cases("server-restarts", folder, cases, seed, ServerRestarts(folder / "server-restarts", there).case)


def signals(folder: Path, cases: int, seed: int) -> Tally:
    """SIGTERM and SIGINT in jobs."""
    return run_cases("signals", folder, cases, seed, Signals().case)


def disks(folder: Path, cases: int, seed: int) -> Tally:
    """Full disks."""
    return run_cases("full-disk", folder, cases, seed, full_disk.case)


def locks(folder: Path, cases: int, seed: int) -> Tally:
    """Locked databases."""
    return run_cases("locked-databases", folder, cases, seed, locked.case)


def names(folder: Path, cases: int, seed: int) -> Tally:
    """Hostile names."""
    with Worker() as worker:
        return run_cases("hostile-names", folder, cases, seed, HostileNames(worker).case)


def models(folder: Path, cases: int, seed: int) -> Tally:
    """Broken model folders."""
    with Worker() as worker:
        return run_cases("model-folders", folder, cases, seed, ModelFolders(worker).case)


def training(folder: Path, cases: int, seed: int) -> Tally:
    """Kill -9 in training, saving and forecasting: `cases` kills of each phase."""
    tally = Tally("training-kills")
    try:
        print(training_kills.run(folder / "training", cases, seed), flush=True)
        tally.held["phases whole"] += 3 * cases
    except Harm as harm:
        tally.broke.append(str(harm))
    return tally


# campaigns with their default number of cases
CAMPAIGNS: dict[str, tuple[Callable[[Path, int, int], Tally], int]] = {
    "mutated-files": (mutated, 10_000),
    "known-mutations": (known, 600),
    "job-kills": (kills, 200),
    "server-restarts": (restarts, 50),
    "signals": (signals, 100),
    "full-disk": (disks, 100),
    "locked-databases": (locks, 30),
    "hostile-names": (names, 200),
    "model-folders": (models, 500),
    "training-kills": (training, 20),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("campaigns", nargs="*", metavar="CAMPAIGN", help=f"some of: {', '.join(CAMPAIGNS)} (default: all)")
    parser.add_argument("--share", type=float, default=1.0, help="share of the default number of cases")
    parser.add_argument("--cases", type=int, help="number of cases of each campaign; overrides --share")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="folder of the results, to continue later; default: a temporary folder")
    asked = parser.parse_args()
    if unknown := set(asked.campaigns) - set(CAMPAIGNS):
        parser.error(f"unknown campaign {', '.join(sorted(unknown))}; use some of: {', '.join(CAMPAIGNS)}")
    with tempfile.TemporaryDirectory(prefix="tsattn-soak-") as temporary:
        folder = (asked.folder or Path(temporary)).absolute()
        tallies = []
        for name in asked.campaigns or CAMPAIGNS:
            campaign, usual = CAMPAIGNS[name]
            tallies.append(campaign(folder, asked.cases or max(1, round(usual * asked.share)), asked.seed))
    for tally in tallies:
        print(tally)
        for broken in tally.broke:
            print("  ", broken)
    return int(any(tally.broke for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
