"""List, delete and rename the models of a workspace. Every step is one rename, so no model is ever incomplete."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any

from tsattn.errors import ArtifactError, ConfigError
from tsattn.model.card import CARD, Card, read_card
from tsattn.workflows.results import Listed, plain
from tsattn.workspace import ModelRef, Workspace, checked_name


def listed(workspace: Workspace) -> Listed:
    """List the models of the workspace, newest first. A model that cannot be read has an `error`."""
    rows = []
    for ref in reversed(workspace.models()):
        row: dict[str, Any] = {"model": str(ref), "path": str(ref.path)}
        try:
            card = read_card(ref.path)
        except ArtifactError as error:
            rows.append({**row, "error": error.message})
            continue
        source = card.source
        own = next((s for s in card.scores if s.get("model") == card.scored_as), None)
        row |= {"created": card.created, "freq": card.freq, "horizon": card.horizon, "target": list(card.schema.target)}
        row |= {"items": source.get("items"), "rows": source.get("rows"), "source": source.get("source"), "scores": own}
        rows.append(plain(row))
    return Listed(workspace.root, tuple(rows))


def versions_named(workspace: Workspace, name: str) -> list[ModelRef]:
    """The models that `NAME` (all its versions) or `NAME/VERSION` stands for, lowest version first. Raises ArtifactError."""
    stem, _, version = name.rpartition("/")
    found = [ref for ref in workspace.versions(stem or name) if not stem or str(ref.version) == version]
    if not found:
        ref = workspace.find(name)  # raises the error that lists the models there are
        raise ArtifactError(f"{ref} is not in the workspace {workspace.root}", "see: tsattn models")
    return found


def delete(workspace: Workspace, name: str) -> list[ModelRef]:
    """Delete the model `NAME`, with all its versions and its training state, or one `NAME/VERSION`. Returns those deleted."""
    found = versions_named(workspace, name)
    with workspace.lock(found[0].name):
        if "/" in name:
            _remove(found[0].path)
        else:
            _remove(found[0].path.parent)
            _remove(workspace.training(name))
    return found


def rename(workspace: Workspace, old: str, new: str) -> list[ModelRef]:
    """Rename a model with all its versions and its training state. Returns them under the new name.

    Raises ArtifactError when there is no such model, ConfigError when the new name cannot be used or is taken.
    """
    checked_name(new)
    versions_named(workspace, checked_name(old))
    source, target = workspace.root / "models" / old, workspace.root / "models" / new
    with workspace.lock(old), workspace.lock(new):
        if target.exists():
            raise ConfigError(
                f"there is already a model {new!r}", "choose another name, or delete that one: tsattn models delete"
            )
        beside = target.with_name(f".{new}.{os.getpid()}.tmp")
        shutil.copytree(source, beside)
        try:
            for folder in beside.iterdir():
                with contextlib.suppress(ArtifactError):  # a damaged version moves as it is
                    (folder / CARD).write_text(_renamed(read_card(folder), new).to_json(), "utf-8")
            beside.rename(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        _remove(source)
        state = workspace.training(old)
        if state.is_dir():
            _remove(workspace.training(new))
            state.rename(workspace.training(new))
    return workspace.versions(new)


def _renamed(card: Card, new: str) -> Card:
    """The card under another name, in its scores too."""
    names = {card.name: new, f"{card.name} + members": f"{new} + members"}
    scores = [{**row, "model": names.get(str(row.get("model")), row.get("model"))} for row in card.scores]
    return dataclasses.replace(card, name=new, scores=scores)


def _remove(folder: Path) -> None:
    """Remove a folder: out of sight by one rename, then file by file."""
    if not folder.is_dir():
        return
    gone = folder.with_name(f".{folder.name}.{os.getpid()}.deleted.tmp")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
