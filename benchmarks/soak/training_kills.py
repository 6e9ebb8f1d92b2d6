"""SIGKILL at random moments of training, saving and forecasting, and checks that no result is damaged.

An undisturbed run gives the weights, the validation loss, the forecast and the duration of each phase. Then runs of the same
command are killed at random moments of a phase. After every kill, each model of the workspace must load with both engines and
forecast as before, and no file may be half-written. In the end, `--resume` must give exactly the weights of the undisturbed
run. tests/test_kill.py runs a few kills of this campaign.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.soak.campaign import Harm

HORIZON = 12
TOML = """
[model]
context = 64
patch = 8
width = 16
heads = 2
layers = 1
[train]
steps = 60
batch = 8
warmup = 5
device = "cpu"
precision = "fp32"
"""
PATIENCE = 900.0  # longest time of a run, in seconds


@dataclass
class Campaign:
    """A folder with data, a workspace, and the command that stands before `train`, `forecast`, ….

    kills counts the kills of each phase that found the process alive; harmless counts what was seen beside them.
    """

    folder: Path
    command: list[str] = field(default_factory=lambda: [sys.executable, "-m", "tsattn"])
    seed: int = 0
    items: int = 300  # of the file that is forecast: many, so that writing takes a while
    kills: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.workspace = self.folder / "workspace"
        self.models = self.workspace / "models"
        (self.folder / "tiny.toml").write_text(TOML, "utf-8")
        self.data = write_data(self.folder / "shops.csv", [400, 330])
        self.many = write_data(self.folder / "many.csv", [60] * self.items)
        self.out = self.folder / "out" / "forecast.csv"
        self.out.parent.mkdir(exist_ok=True)

    # -- runs ----------------------------------------------------------------------------------------------------------

    def words(self, *words: object) -> list[str]:
        return [*self.command, *(str(word) for word in words), "--workspace", str(self.workspace), "--json"]

    def train_words(self, name: str, *more: object) -> list[str]:
        config = self.folder / "tiny.toml"
        return self.words("train", self.data, "--config", config, "--horizon", HORIZON, "--name", name, *more)

    def forecast_words(self, horizon: int) -> list[str]:
        return self.words("forecast", self.many, "--model", "base", "--horizon", horizon, "-o", self.out)

    def run(self, words: list[str]) -> dict:
        """Run a command to its end. Raises Harm if it fails."""
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise Harm(f"{' '.join(words)} ended with {done.returncode}: {done.stdout[-500:]} {done.stderr[-1500:]}")
        found: dict = json.loads(done.stdout)
        return found

    @contextlib.contextmanager
    def running(self, words: list[str]) -> Iterator[subprocess.Popen[str]]:
        """Run a command in the background, and end it with the block."""
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder, stdin=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def kill(self, phase: str, words: list[str], begun: Callable[[], bool], longest: float) -> bool:
        """Start a command, wait until a phase of it has begun, and kill it up to `longest` seconds later.

        False when it was over before. Raises Harm when it failed by itself.
        """
        with self.running(words) as process:
            wait_for(lambda: begun() or process.poll() is not None)
            time.sleep(self.random.random() * longest)
            alive = process.poll() is None
            process.kill()  # SIGKILL: nothing in the process can answer to it
            process.wait()
            if not alive and process.returncode:
                said = [stream.read()[-1500:] for stream in (process.stdout, process.stderr) if stream]
                raise Harm(f"{' '.join(words)} failed: {' '.join(said)}")
        self.kills[phase] += alive
        self.seen["too late, over already"] += not alive
        if not alive:  # the machine has become faster since the undisturbed run
            self.seconds[phase] *= 0.8
        return alive

    # -- what begins when ----------------------------------------------------------------------------------------------

    def training_begun(self, name: str) -> bool:
        return (self.workspace / "training" / name / "request.json").is_file()

    def saving_begun(self, name: str) -> bool:
        return any((self.models / name).rglob(".*.tmp"))

    def saved(self, name: str) -> bool:
        return any((self.models / name).glob("[0-9]*"))

    def writing_begun(self) -> bool:
        return any(self.out.parent.glob(".*.tmp"))

    # -- the campaign --------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Run undisturbed, and record weights, forecasts and the duration of each phase."""
        with self.running(self.train_words("base")) as process:
            marks = {}
            for phase, begun in (("training", self.training_begun), ("saving", self.saving_begun), ("scoring", self.saved)):
                wait_for(lambda begun=begun: begun("base") or process.poll() is not None)  # type: ignore[misc]
                marks[phase] = time.monotonic()
            if process.wait(PATIENCE):
                raise Harm(f"the undisturbed run failed: {process.stderr.read()[-1500:] if process.stderr else ''}")
        self.seconds["training"] = marks["saving"] - marks["training"]
        self.seconds["saving"] = time.monotonic() - marks["saving"]
        self.base = self.result("base")
        started = time.monotonic()
        self.run(self.forecast_words(5))
        self.old = self.out.read_bytes()
        self.run(self.forecast_words(HORIZON))
        self.seconds["forecasting"] = (time.monotonic() - started) / 2
        self.new = self.out.read_bytes()
        if self.old == self.new:
            raise Harm("forecasts of different horizons are the same")
        self.check()

    def break_training(self, name: str) -> None:
        """Kill a run while it trains."""
        self.forget(name)
        self.kill("training", self.train_words(name), lambda: self.training_begun(name), self.seconds["training"])
        self.check()

    def break_saving(self, name: str) -> None:
        """Resume the run, and kill it while it saves or scores, unless it ends before."""
        if not self.training_begun(name):
            return
        self.kill("saving", self.train_words(name, "--resume"), lambda: self.saving_begun(name), self.seconds["saving"])
        self.check()

    def finish(self, name: str) -> None:
        """Resume the run to its end, and compare it with the undisturbed one."""
        if self.training_begun(name):  # else it was killed when all was done and its state already removed
            self.run(self.train_words(name, "--resume"))
        found = self.result(name)
        if found != self.base:
            raise Harm(f"the resumed run ended with {found}, the undisturbed one with {self.base}")
        strays = [*(self.models / name).glob(".*.tmp"), *(self.workspace / "training" / name).glob(".*.tmp")]
        if strays:
            raise Harm(f"the run that ended left what killed ones had begun: {strays}")
        self.check()

    def break_forecasting(self, while_writing: bool) -> None:
        """Kill a forecast anywhere, or while it writes its file, which must be the old or the new one."""
        self.out.write_bytes(self.old)
        for stray in self.out.parent.glob(".*.tmp"):
            stray.unlink()
        if while_writing:
            self.kill("forecasting", self.forecast_words(HORIZON), self.writing_begun, 0.02)
        else:
            self.kill("forecasting", self.forecast_words(HORIZON), lambda: True, self.seconds["forecasting"])
        content = self.out.read_bytes()
        if content not in (self.old, self.new):
            raise Harm(f"{self.out} is neither the old forecast nor the new one: {len(content)} bytes")
        self.seen["forecast file: new" if content == self.new else "forecast file: old"] += 1
        self.seen["forecast killed with its file half-written beside"] += self.writing_begun()
        if [path.name for path in self.out.parent.glob("*.csv")] != [self.out.name]:
            raise Harm(f"{self.out.parent} holds files of no one's")
        self.check()

    # -- checks --------------------------------------------------------------------------------------------------------

    def result(self, name: str) -> tuple[float | None, str]:
        """Return the validation loss and the SHA-256 of the weights of the newest model of a name."""
        from tsattn.model.card import WEIGHTS, read_card
        from tsattn.workspace import Workspace

        path = Workspace.at(self.workspace).find(name).path
        card = read_card(path)
        return card.fitted.validation, card.files[WEIGHTS]

    def check(self) -> None:
        """Check that every model loads with both engines, and that the first one forecasts as before the kills."""
        from tsattn import api
        from tsattn.model import runtime
        from tsattn.workspace import Workspace

        listed = api.models(workspace=self.workspace).models
        broken = [row for row in listed if "error" in row]
        if broken:
            raise Harm(f"models that cannot be read: {broken}")
        for ref in Workspace.at(self.workspace).models():
            for engine in ("auto", "torch"):  # a kill during the export leaves a model without a graph
                runtime.load(ref.path, engine)
        found = list(self.models.glob("*/[0-9]*"))
        if len(found) != len(listed):
            raise Harm(f"{len(found)} model folders, of which {len(listed)} are complete")
        values = api.forecast(self.data, model="base", workspace=self.workspace).forecast.values
        if not hasattr(self, "values"):
            self.values = values
        if not np.array_equal(values, self.values):
            raise Harm("the first model no longer forecasts what it did")
        self.seen["checks"] += 1

    def forget(self, name: str) -> None:
        """Remove the models and training state of a name."""
        for place in (self.models / name, self.workspace / "training" / name):
            shutil.rmtree(place, ignore_errors=True)


def write_data(path: Path, lengths: list[int]) -> Path:
    """Write hourly items in long format."""
    rng, rows = np.random.default_rng(0), ["time,shop,sales"]
    for i, length in enumerate(lengths):
        values = 100 + i + 10 * np.sin(np.arange(length) * np.pi / 12) + rng.standard_normal(length)
        stamps = np.datetime_as_string(np.datetime64("2024-01-01T00", "h") + np.arange(length), unit="m")
        rows += [f"{stamp},shop{i:04d},{value:.4f}" for stamp, value in zip(stamps, values, strict=True)]
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def wait_for(happened: Callable[[], bool]) -> None:
    """Poll every few milliseconds. Raises Harm after PATIENCE seconds."""
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise Harm("a run did not get on")
        time.sleep(0.003)


def run(folder: Path, kills: int, seed: int) -> str:
    """Kill each phase `kills` times, and return a summary. Raises Harm."""
    campaign = Campaign(folder, seed=seed)
    campaign.prepare()
    while min(campaign.kills["training"], campaign.kills["saving"]) < kills:
        campaign.break_training("victim")
        campaign.break_saving("victim")
        campaign.finish("victim")
    while campaign.kills["forecasting"] < kills:
        campaign.break_forecasting(while_writing=campaign.kills["forecasting"] % 2 == 1)
    return f"{dict(campaign.kills)} kills; {dict(campaign.seen)}"
