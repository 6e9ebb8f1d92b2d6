"""The workspace: where models live by name and version, what a training run left to resume, and the logs.

    .tsattn/models/<name>/<version>/   complete model folders; the newest one is "latest"
    .tsattn/training/<name>/           what --resume continues from
    .tsattn/tuning/<name>.db           the searches of `tsattn tune`
    .tsattn/logs/                      tracebacks of faults

There are no links and no index: a folder is a model when its name is a version and it holds a config.json, and
config.json is in place only when all the rest is (model folders are written beside and renamed).
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


ELSEWHERE = "choose another place: --workspace FOLDER, or TSATTN_WORKSPACE"
ZERO_SHOT = "zero-shot"  # the model in the package: for any series, with no training
SHIPPED = Path(__file__).with_name("zero_shot")


@dataclass(frozen=True)
class ModelRef:
    """One model folder: its name, its version (0 for a folder outside the workspace) and its path."""

    name: str
    version: int
    path: Path

    def __str__(self) -> str:
        if self.name == ZERO_SHOT and self.path == _ready():
            return self.name
        return f"{self.name}/{self.version}" if self.version else str(self.path)


@dataclass(frozen=True)
class Workspace:
    """A folder of models. It need not exist: reading finds nothing, writing makes it."""

    root: Path

    @classmethod
    def at(cls, path: str | Path | None = None) -> Workspace:
        """The workspace at `path`, else at `TSATTN_WORKSPACE`, else `.tsattn` in the current folder."""
        return cls(Path(path or os.environ.get("TSATTN_WORKSPACE") or ".tsattn").expanduser())

    # -- models --------------------------------------------------------------------------------------------------

    def models(self) -> list[ModelRef]:
        """Every complete model, oldest first."""
        found = [
            ModelRef(name.name, int(version.name), version)
            for name in _folders(self.root / "models")
            for version in _folders(name)
            if _VERSION.fullmatch(version.name) and (version / _CARD).is_file()
        ]
        return sorted(found, key=lambda ref: (_created(ref.path), ref.name, ref.version))

    def versions(self, name: str) -> list[ModelRef]:
        """The complete models of one name, lowest version first."""
        return sorted((ref for ref in self.models() if ref.name == name), key=lambda ref: ref.version)

    def latest(self) -> ModelRef:
        """The newest model of any name. Raises ArtifactError that says how to make one."""
        models = self.models()
        if not models:
            raise ArtifactError(f"there is no model in the workspace {self.root}", "train one: tsattn train data.csv")
        return models[-1]

    def find(self, name: str | Path) -> ModelRef:
        """A model by name (its newest version), by `name/version`, or by the path of its folder.

        Raises ArtifactError that lists what there is.
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
            f"{hint}there {'is' if len(by_name) == 1 else 'are'}: {', '.join(sorted(by_name))} (see: tsattn models)",
        )

    def next_version(self, name: str) -> ModelRef:
        """Where the next model of this name goes. The folder is not made."""
        folder = self.root / "models" / checked_name(name)
        names = [f.name.removesuffix(_WITHDRAWN) for f in _folders(folder)]
        taken = [int(n) for n in names if _VERSION.fullmatch(n)]
        version = max(taken, default=0) + 1
        return ModelRef(name, version, folder / f"{version:04d}")

    def withdraw(self, name: str) -> tuple[ModelRef, ModelRef]:
        """Take the newest version of a name out of use; its number stays taken. Returns (withdrawn, now in use).

        Raises ArtifactError when there is no such model, or no older version to go back to.
        """
        versions = self.versions(checked_name(name))
        if not versions:
            self.find(name)  # says that there is none, and which there are
        if len(versions) < 2:
            raise ArtifactError(f"the model {name!r} has no earlier version in {self.root}", "see: tsattn models")
        newest = versions[-1]
        newest.path.rename(newest.path.with_name(newest.path.name + _WITHDRAWN))
        return newest, versions[-2]

    # -- training and logs ---------------------------------------------------------------------------------------

    def training(self, name: str) -> Path:
        """The folder that holds what `--resume` needs for this name."""
        return self.root / "training" / checked_name(name)

    def tuning(self, name: str) -> Path:
        """The file that holds the searches of this name."""
        return self.root / "tuning" / f"{checked_name(name)}.db"

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the training of one name. Raises LockedError at once when another run holds it."""
        folder = self.training(name)
        self.make(folder)
        message = f"another run is training {name!r} in the workspace {self.root}"
        with _held(folder.parent / f"{name}.lock", 0, message, "wait for it, or give this one another name: --name NAME"):
            yield

    @contextmanager
    def job_lock(self, name: str, wait: float = 0) -> Iterator[None]:
        """Hold one batch job. Raises LockedError when another run of it goes on for more than `wait` seconds."""
        folder = self.make(self.root / "jobs")
        message = f"another run of the job {name!r} is under way in the workspace {self.root}"
        with _held(folder / f"{name}.lock", wait, message, "wait for it: --wait SECONDS"):
            yield

    def log_folder(self) -> Path:
        """`logs`, made when missing."""
        return self.make(self.root / "logs")

    def keep_fault(self, error: BaseException, about: Sequence[str], hide: Callable[[str], str] = str) -> Path:
        """Write the traceback of a fault to `logs`, or beside temporary files where that cannot be, and return where."""
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
        except (ConfigError, OSError):
            path = Path(tempfile.gettempdir()) / name
            with contextlib.suppress(OSError):  # a full disk: the message on the terminal has to do
                path.write_text(text, "utf-8")
        return path

    def make(self, folder: Path) -> Path:
        """Make a folder of the workspace. Raises ConfigError when the place cannot be written."""
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
    """Hold a lock file. The system lets go of it when the process ends in whatever way, so a dead one never blocks."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=wait)
    try:
        lock.acquire()
    except Timeout:
        raise LockedError(message, hint) from None
    except (OSError, NotImplementedError) as error:
        said = reason(error) if isinstance(error, OSError) else "this file system knows no locks"
        raise ConfigError(f"cannot write the lock {path}: {said}", ELSEWHERE) from None
    try:
        yield
    finally:
        lock.release()


def shipped() -> ModelRef | None:
    """The model in the package, or the one in the folder that TSATTN_ZERO_SHOT names instead; None where that is empty.

    Raises ArtifactError when TSATTN_ZERO_SHOT names no model folder.
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
    """A model name that is safe as a folder. Raises ConfigError."""
    if name == ZERO_SHOT:
        raise ConfigError(f"{name!r} is the model in the package", "choose another name: --name my-model")
    if not _NAME.fullmatch(name) or name.endswith(".lock"):
        raise ConfigError(f"{name!r} cannot name a model", "use letters, digits, '.', '_' and '-': --name my-model")
    return name


def name_for(source: object) -> str:
    """The name of a model by what it is trained on: the file's stem, the folder's name, else "model"."""
    if isinstance(source, Sequence) and not isinstance(source, str) and source:
        source = source[0]
    if not isinstance(source, (str, Path)) or str(source) == "-":
        return "model"
    path = Path(source)
    if any(c in path.name for c in "*?["):  # a glob is named by its folder
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
    """When a model was made, as its card says; a card that cannot be read sorts first, and is refused when it is loaded."""
    try:
        return str(json.loads((folder / _CARD).read_text("utf-8"))["created"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
