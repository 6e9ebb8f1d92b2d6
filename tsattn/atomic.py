"""Files that are never half-written: write beside, fsync, rename."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tsattn.errors import ConfigError

_RANDOM = re.compile(r"[a-z0-9_]{8}\.tmp")  # the rest of a name that mkstemp makes
_NAME_BYTES = 80  # of the final name within that of the temporary file, which may have 255 bytes in all


@contextlib.contextmanager
def write_atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on leaving, flush it to disk and rename it to `path`.

    A symbolic link is followed: the file it points to is replaced, and the link stays. Permissions stay too. When the body
    raises, the temporary file is removed and whatever `path` held before stays whole. Raises ConfigError when the folder
    does not exist or cannot be written to, and for a path that is a folder, a pipe or a device.
    """
    path = followed(path)
    if path.is_dir():
        raise ConfigError(f"{path} is a folder, not a file to write")
    before = _mode_of(path)
    try:
        handle, name = tempfile.mkstemp(prefix=_prefix(path), suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror or error}", "make the folder first, or name another one"
        ) from None
    os.close(handle)
    beside = Path(name)
    try:
        beside.chmod(0o666 & ~_umask() if before is None else before)
        yield beside
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def followed(path: str | Path) -> Path:
    """The file that a symbolic link leads to; any other path as it stands."""
    path = Path(path)
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def remove_leftovers(path: str | Path) -> None:
    """Remove the temporary files that killed runs left beside `path`. No other process may be writing `path`."""
    path = followed(path)
    prefix = _prefix(path)
    for left in path.parent.glob(f"{glob.escape(prefix)}*.tmp"):
        if _RANDOM.fullmatch(left.name[len(prefix) :]):  # not that of another output, such as out.csv.old.csv
            left.unlink(missing_ok=True)


def _mode_of(path: Path) -> int | None:
    """Permissions of the file at `path`; None where there is none. Raises ConfigError for what is no file."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if not stat.S_ISREG(mode):
        raise ConfigError(f"{path} is a pipe or a device, not a file to write", "name a file")
    return stat.S_IMODE(mode)


def _prefix(path: Path) -> str:
    """The start of a temporary file's name: that of the final one, cut between characters."""
    return f".{os.fsencode(path.name)[:_NAME_BYTES].decode('utf-8', 'ignore')}."


def _umask() -> int:
    """The process's umask: mkstemp makes private files, while a result should be readable as any other file is."""
    with contextlib.suppress(OSError, ValueError, IndexError):  # on Linux; other threads would see the change below
        return int(Path("/proc/self/status").read_text("ascii").partition("Umask:")[2].split()[0], 8)
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last through a power cut, where the system allows a folder to be opened."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot sync a folder
            os.fsync(handle)
    finally:
        os.close(handle)
