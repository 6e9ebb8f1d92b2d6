"""Fixtures that read a table written for one test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.reading.kinds import Read, reader
from tsattn.data.panel import Panel
from tsattn.data.report import ReadReport


@pytest.fixture
def take(tmp_path: Path) -> Read:
    """Read the text of a file."""
    return reader(tmp_path)


@pytest.fixture
def table(tmp_path: Path):
    """Read a header, none where it is empty, and rows."""

    def take(header: str, rows: list[str], **options: object) -> tuple[Panel, ReadReport]:
        return reader(tmp_path)("\n".join([*([header] if header else []), *rows]) + "\n", **options)

    return take
