"""Check of a model folder's files against its card. Does not import torch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tsattn.errors import ArtifactError
from tsattn.model.card import Card


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(folder: Path, name: str, card: Card) -> Path:
    """Return the path of a file of a model folder. Raises ArtifactError if it is missing or was changed."""
    path = Path(folder) / name
    if not path.is_file():
        raise ArtifactError(f"{path} is missing", "train the model again with `tsattn train`")
    if digest(path) != card.files.get(name):
        raise ArtifactError(f"{path} is not the file that was saved: it was changed or cut short", "train the model again")
    return path
