"""Atomic writes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tsattn.atomic import remove_leftovers, write_atomic
from tsattn.errors import ConfigError


def test_the_file_appears_whole_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    with write_atomic(path) as beside:
        assert beside.parent == tmp_path
        beside.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert os.listdir(tmp_path) == ["result.txt"]


def test_when_the_body_fails_then_the_old_file_stays_and_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    path.write_text("old")

    def fail() -> None:
        with write_atomic(path) as beside:
            beside.write_text("half")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with write_atomic(tmp_path / "ours") as beside:
        beside.write_text("")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_a_missing_folder_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"), write_atomic(tmp_path / "nowhere" / "result.txt"):
        pass


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"), write_atomic(tmp_path):
        pass


def test_when_the_path_is_a_link_then_the_file_it_leads_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    real, link, loose = tmp_path / "folder" / "real.csv", tmp_path / "link.csv", tmp_path / "loose.csv"
    real.write_text("old")
    link.symlink_to(Path("folder") / "real.csv")
    loose.symlink_to(Path("folder") / "later.csv")
    for path in (link, loose):
        with write_atomic(path) as beside:
            beside.write_text("new")
    assert real.read_text() == (tmp_path / "folder" / "later.csv").read_text() == "new"
    assert link.is_symlink()
    assert loose.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["folder", "link.csv", "loose.csv"]


@pytest.mark.parametrize("name", ["out[1]*?.csv", "out.csv", "販" * 60 + ".csv", "x" * 240 + ".csv"])
def test_when_a_killed_run_left_temporary_files_then_those_of_this_name_alone_are_removed(tmp_path: Path, name: str) -> None:
    (tmp_path / ".out1 of another.csv.abc.tmp").write_text("")
    with write_atomic(tmp_path / name) as beside:
        left = beside.with_name(beside.name)
    left.write_text("half")  # as a killed run leaves it
    (tmp_path / name).unlink()
    remove_leftovers(tmp_path / name)
    assert os.listdir(tmp_path) == [".out1 of another.csv.abc.tmp"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("mode", [0o600, 0o444])
def test_when_a_file_is_replaced_then_its_permissions_stay(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "private.csv"
    path.write_text("old")
    path.chmod(mode)
    with write_atomic(path) as beside:
        assert os.access(beside, os.W_OK)
        beside.write_text("new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_when_the_path_is_a_pipe_then_it_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="not a file to write"), write_atomic(path):
        pass
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_when_another_output_has_a_longer_name_then_its_temporary_file_is_left_alone(tmp_path: Path) -> None:
    with write_atomic(tmp_path / "out.csv.old.csv") as beside:
        beside.write_text("whole")
        remove_leftovers(tmp_path / "out.csv")
    assert (tmp_path / "out.csv.old.csv").read_text() == "whole"
