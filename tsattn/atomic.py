"""Atomic writes: write to a temporary file, fsync, rename."""

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
_NAME_BYTES = 80  # most bytes of the final name in a temporary name; file systems allow 255 in all


@contextlib.contextmanager
def write_atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; on success, flush it to disk and rename it to `path`.

    A symbolic link is followed: its target is replaced and the link stays. A file that is replaced keeps its permissions. If the
    body raises, the temporary file is removed and `path` keeps its content. Raises ConfigError if the folder does not exist or
    is not writable, and if `path` is a folder, a pipe or a device.
    """
    path = followed(path)
    if path.is_dir():
        raise ConfigError(f"cannot write {path}: it is a folder", "add the name of a file")
    before = _mode_of(path)
    try:
        handle, name = tempfile.mkstemp(prefix=_prefix(path), suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror or error}", "create the folder first, or choose another one"
        ) from None
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.chmod(0o666 & ~_umask() if before is None else before)  # private and writable until it is whole
        beside.replace(path)
        _sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def followed(path: str | Path) -> Path:
    """Return the target of a symbolic link, or any other path unchanged."""
    path = Path(path)
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def remove_leftovers(path: str | Path) -> None:
    """Remove temporary files of killed runs for `path`. No other process may be writing `path`."""
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
    """Return the prefix of the temporary file: the final name, cut to _NAME_BYTES without splitting a character."""
    return f".{os.fsencode(path.name)[:_NAME_BYTES].decode('utf-8', 'ignore')}."


def _umask() -> int:
    """Return the umask of the process. mkstemp makes private files; results get the usual permissions instead."""
    with contextlib.suppress(OSError, ValueError, IndexError):  # on Linux; other threads would see the change below
        return int(Path("/proc/self/status").read_text("ascii").partition("Umask:")[2].split()[0], 8)
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Flush the rename to disk, on systems that can open a folder."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot sync a folder
            os.fsync(handle)
    finally:
        os.close(handle)
