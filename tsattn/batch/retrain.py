"""Model of a job: the newest version of its name, retrained when it is too old, and promoted only when not worse."""

from __future__ import annotations

import datetime as dt
import math
import shutil
from collections.abc import Callable
from typing import Any

from tsattn import api
from tsattn.batch.jobs import Job
from tsattn.config import BacktestConfig
from tsattn.errors import ArtifactError, LockedError, TsattnError
from tsattn.model.card import read_card
from tsattn.workspace import ModelRef, Workspace

Note = Callable[[str], None]


def fresh_model(job: Job, name: str, data: Any, workspace: Workspace, note: Note) -> ModelRef:
    """The model to forecast with. A failed or worse retraining leaves the present one in use, and says so.

    Raises TsattnError when there is no model, and none can be trained.
    """
    versions = workspace.versions(name)
    current = versions[-1] if versions else None
    if current is not None and _age(current) < (job.retrain or 0):
        return current
    try:
        return _trained(job, name, data, workspace, current, note)
    except TsattnError as error:
        if current is None:
            raise
        again = "another run is training it" if isinstance(error, LockedError) else f"retraining failed: {error.message}"
        note(f"{again}; {current} stays in use")
        return current


def _trained(job: Job, name: str, data: Any, workspace: Workspace, current: ModelRef | None, note: Note) -> ModelRef:
    # the candidate is made beside the workspace's models, so that it is not used as the newest one before it is promoted
    place = Workspace(workspace.root / "candidates" / job.name)
    with workspace.lock(name):
        shutil.rmtree(place.root / "models", ignore_errors=True)
        trained = api.train(
            data,
            name=name,
            horizon=job.horizon,
            workspace=place.root,
            read=job.levels.reading(job.read),
            model=job.network,
            training=job.training,
            joint=job.joint,
        )
        try:
            if trained.interrupted:
                raise KeyboardInterrupt
            if current is not None and not _as_good(job, data, trained, current, note):
                return current
            ref = workspace.next_version(name)
            workspace.make(ref.path.parent)
            trained.ref.path.rename(ref.path)
        finally:
            shutil.rmtree(place.root / "models", ignore_errors=True)
        note(f"{ref} is in use now")
        for old in workspace.versions(name)[: -job.keep]:
            gone = old.path.with_name(f"{old.path.name}.removed")
            old.path.rename(gone)  # in one step, so that no half a model is ever seen
            shutil.rmtree(gone, ignore_errors=True)
        return ref


def _as_good(job: Job, data: Any, trained: Any, current: ModelRef, note: Note) -> bool:
    """Return True if a candidate's weighted quantile loss is not above the current model's, on windows held back from both."""
    config = BacktestConfig(windows=max(1, trained.plan.windows), horizon=trained.plan.horizon, baselines=())
    scores = []
    for path in (trained.ref.path, current.path):
        try:
            rows = api.backtest(data, model=path, config=config, read=job.levels.reading(job.read)).scores.table()
        except TsattnError as error:
            if path == trained.ref.path:
                raise
            note(f"{current} cannot be scored ({error.message}): the new one takes its place")
            return True
        scores.append(float(rows[0]["WQL"]))
    new, old = scores
    if not math.isfinite(new) or new > old:
        note(f"the new model is worse (WQL {new:.4f}, {current} {old:.4f}): {current} stays in use")
        return False
    return True


def _age(ref: ModelRef) -> float:
    """Seconds since a model was made; infinite for one whose card cannot be read."""
    try:
        made = dt.datetime.fromisoformat(read_card(ref.path).created)
    except (ArtifactError, ValueError):
        return math.inf
    made = made if made.tzinfo else made.replace(tzinfo=dt.UTC)
    return (dt.datetime.now(dt.UTC) - made).total_seconds()
