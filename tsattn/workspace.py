"""Workspace: models by name and version, state of training runs, searches and logs.

    .tsattn/models/<name>/<version>/   model folders; the newest one is "latest"
    .tsattn/training/<name>/           state from which --resume continues
    .tsattn/tuning/<name>.db           searches of `tsattn tune`
    .tsattn/logs/                      tracebacks of internal errors

There is no index. A folder is a model if its name is a version and it holds a config.json. Model folders are written under a
temporary name and renamed, so a folder with a config.json is complete.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tsattn.errors import ArtifactError, ConfigError, LockedError, reason

_VERSION = re.compile(r"\d{4,}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CARD = "config.json"
_WITHDRAWN = ".withdrawn"


ELSEWHERE = "use another folder: --workspace FOLDER, or TSATTN_WORKSPACE"
ZERO_SHOT = "zero-shot"  # name of the model in the package
LOGS = 500  # newest logs of internal errors that are kept
SHIPPED = Path(__file__).with_name("zero_shot")


@dataclass(frozen=True)
class ModelRef:
    """Reference to a model folder: name, version (0 for a folder outside the workspace) and path."""

    name: str
    version: int
    path: Path

    def __str__(self) -> str:
        if self.name == ZERO_SHOT and self.path == _ready():
            return self.name
        return f"{self.name}/{self.version}" if self.version else str(self.path)


@dataclass(frozen=True)
class Workspace:
    """Folder of models. It need not exist: a missing one is empty, and is created on the first write."""

    root: Path

    @classmethod
    def at(cls, path: str | Path | None = None) -> Workspace:
        """Return the workspace at `path`, else at `TSATTN_WORKSPACE`, else `.tsattn` in the current folder."""
        return cls(Path(path or os.environ.get("TSATTN_WORKSPACE") or ".tsattn").expanduser())

    # -- models --------------------------------------------------------------------------------------------------

    def models(self) -> list[ModelRef]:
        """Return all complete models, oldest first."""
        found = [
            ModelRef(name.name, int(version.name), version)
            for name in _folders(self.root / "models")
            for version in _folders(name)
            if _VERSION.fullmatch(version.name) and (version / _CARD).is_file()
        ]
        return sorted(found, key=lambda ref: (_created(ref.path), ref.name, ref.version))

    def versions(self, name: str) -> list[ModelRef]:
        """Return the complete models of a name, lowest version first."""
        return sorted((ref for ref in self.models() if ref.name == name), key=lambda ref: ref.version)

    def latest(self) -> ModelRef:
        """Return the newest model of any name. Raises ArtifactError if there is none."""
        models = self.models()
        if not models:
            raise ArtifactError(
                f"no model in the workspace {self.root}",
                "train one: tsattn train data.csv; or name the data: tsattn forecast data.csv",
            )
        return models[-1]

    def find(self, name: str | Path) -> ModelRef:
        """Find a model by name (its newest version), by `name/version`, or by the path of its folder.

        Raises ArtifactError, with the available names, if there is no such model.
        """
        text = str(name)
        stem, _, version = text.replace("\\", "/").rpartition("/")
        by_name = {ref.name: ref for ref in sorted(self.models(), key=lambda ref: ref.version)}
        if text in by_name:
            return by_name[text]
        if stem and version.isdecimal():
            for ref in self.versions(stem):
                if ref.version == int(version):
                    return ref
        if text == ZERO_SHOT and (found := shipped()):
            return found
        if (Path(name) / _CARD).is_file():
            return ModelRef(Path(name).resolve().name, 0, Path(name))
        if not by_name:
            raise ArtifactError(
                f"no model {text!r}: the workspace {self.root} is empty, and there is no such model folder",
                "train one: tsattn train data.csv",
            )
        near = difflib.get_close_matches(stem or text, by_name, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ArtifactError(
            f"no model {text!r} in the workspace {self.root}, and no such model folder",
            f"{hint}available: {', '.join(sorted(by_name))} (see: tsattn models)",
        )

    def next_version(self, name: str) -> ModelRef:
        """Return the reference of the next model of a name. Does not create the folder."""
        folder = self.root / "models" / checked_name(name)
        names = [f.name.removesuffix(_WITHDRAWN) for f in _folders(folder)]
        taken = [int(n) for n in names if _VERSION.fullmatch(n)]
        version = max(taken, default=0) + 1
        return ModelRef(name, version, folder / f"{version:04d}")

    def withdraw(self, name: str) -> tuple[ModelRef, ModelRef]:
        """Withdraw the newest version of a name; its number is not used again. Returns (withdrawn, now in use).

        Raises ArtifactError if there is no such model, or no earlier version.
        """
        versions = self.versions(checked_name(name))
        if not versions:
            self.find(name)  # raises the error
        if len(versions) < 2:
            raise ArtifactError(f"the model {name!r} has no earlier version in {self.root}", "see: tsattn models")
        newest = versions[-1]
        newest.path.rename(newest.path.with_name(newest.path.name + _WITHDRAWN))
        return newest, versions[-2]

    # -- training and logs ---------------------------------------------------------------------------------------

    def training(self, name: str) -> Path:
        """Return the folder with the training state of a name, from which `--resume` continues."""
        return self.root / "training" / checked_name(name)

    def tuning(self, name: str) -> Path:
        """Return the database file with the searches of a name."""
        return self.root / "tuning" / f"{checked_name(name)}.db"

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Lock the training of a name. Raises LockedError at once if another run holds the lock."""
        folder = self.training(name)
        self.make(folder)
        message = f"another run is training {name!r} in the workspace {self.root}"
        with _held(folder.parent / f"{name}.lock", 0, message, "wait for it, or use another name: --name NAME"):
            yield

    @contextmanager
    def job_lock(self, name: str, wait: float = 0) -> Iterator[None]:
        """Lock a batch job. Raises LockedError if another run still holds the lock after `wait` seconds."""
        folder = self.make(self.root / "jobs")
        message = f"another run of the job {name!r} is under way in the workspace {self.root}"
        with _held(folder / f"{name}.lock", wait, message, "wait for it: --wait SECONDS"):
            yield

    def log_folder(self) -> Path:
        """Return the folder `logs`; create it if missing."""
        return self.make(self.root / "logs")

    def keep_fault(self, error: BaseException, about: Sequence[str], hide: Callable[[str], str] = str) -> Path:
        """Write the traceback of an internal error to `logs`, and return the path.

        Falls back to the system's temporary folder.
        """
        import platform
        import tempfile
        import time
        import traceback

        from tsattn import __version__

        lines = [f"tsattn {__version__}, Python {platform.python_version()}, {platform.platform()}", *about, ""]
        text = hide("\n".join(lines) + "".join(traceback.format_exception(error)))
        name = time.strftime("tsattn-%Y%m%d-%H%M%S") + f"-{os.getpid()}.log"
        try:
            path = self.log_folder() / name
            with path.open("a", encoding="utf-8") as log:
                log.write(text)
            for old in sorted(path.parent.glob("tsattn-*.log"))[:-LOGS]:  # a job may fail every quarter of an hour for years
                old.unlink(missing_ok=True)
        except (ConfigError, OSError):
            path = Path(tempfile.gettempdir()) / name
            with contextlib.suppress(OSError):  # a full disk: there is only the message on the terminal
                path.write_text(text, "utf-8")
        return path

    def make(self, folder: Path) -> Path:
        """Create a folder of the workspace. Raises ConfigError if that fails."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"cannot write the workspace {self.root}: {error.strerror or error}",
                ELSEWHERE,
            ) from None
        return folder


@contextmanager
def _held(path: Path, wait: float, message: str, hint: str) -> Iterator[None]:
    """Hold a file lock. The operating system releases it when the process ends, so a killed run never blocks others."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=wait)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(message, hint) from None
    except (OSError, NotImplementedError) as error:
        said = reason(error) if isinstance(error, OSError) else "the file system does not support locks"
        raise ConfigError(f"cannot write the lock {path}: {said}", ELSEWHERE) from None
    try:
        yield
    finally:
        lock.release()


def shipped() -> ModelRef | None:
    """Return the model in the package, or in the folder TSATTN_ZERO_SHOT. None if that variable is empty.

    Raises ArtifactError if TSATTN_ZERO_SHOT is not a model folder.
    """
    place = _ready()
    if place is None or (place == SHIPPED and not (place / _CARD).is_file()):
        return None
    if not (place / _CARD).is_file():
        raise ArtifactError(
            f"TSATTN_ZERO_SHOT names {place}, which is not a model folder", "make one: tsattn pretrain --out FOLDER"
        )
    return ModelRef(ZERO_SHOT, 0, place)


def _ready() -> Path | None:
    named = os.environ.get("TSATTN_ZERO_SHOT")
    return SHIPPED if named is None else Path(named) if named else None


def checked_name(name: str) -> str:
    """Return a model name unchanged if it is a valid folder name. Raises ConfigError otherwise."""
    if name == ZERO_SHOT:
        raise ConfigError(f"{name!r} is the model in the package", "choose another name: --name my-model")
    if not _NAME.fullmatch(name) or name.endswith(".lock"):
        raise ConfigError(f"{name!r} is not a valid model name", "use letters, digits, '.', '_' and '-': --name my-model")
    return name


def name_for(source: object) -> str:
    """Return a model name for a data source: the stem of the file, the name of the folder, else "model"."""
    if isinstance(source, Sequence) and not isinstance(source, str) and source:
        source = source[0]
    if not isinstance(source, (str, Path)) or str(source) == "-":
        return "model"
    path = Path(source)
    if any(c in path.name for c in "*?["):  # a glob gets the name of its folder
        path = path.parent
    stem = path.resolve().name
    for suffix in (".gz", ".zst", ".csv", ".tsv", ".txt", ".parquet", ".pq"):
        stem = stem[: -len(suffix)] if stem.lower().endswith(suffix) else stem
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:100]
    return stem or "model"


def _folders(path: Path) -> list[Path]:
    try:
        return [f for f in sorted(path.iterdir()) if f.is_dir()]
    except OSError:
        return []


def _created(folder: Path) -> str:
    """Return the creation time in a model's card, or "" if the card cannot be read; loading such a model raises an error."""
    try:
        return str(json.loads((folder / _CARD).read_text("utf-8"))["created"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
