"""The files of a model folder, checked against its card. No torch here."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tsattn.errors import ArtifactError
from tsattn.model.card import Card


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(folder: Path, name: str, card: Card) -> Path:
    """The path of one of a model folder's files. Raises ArtifactError when it is missing or is not what was saved."""
    path = Path(folder) / name
    if not path.is_file():
        raise ArtifactError(f"{path} is missing", "train the model again with `tsattn train`")
    if digest(path) != card.files.get(name):
        raise ArtifactError(f"{path} is not the file that was saved: it was changed or cut short", "train the model again")
    return path
