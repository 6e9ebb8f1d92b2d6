"""Settings of one call that every command shares: the workspace, and where results, notes and progress go."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tsattn.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.api import Listener


@dataclass(frozen=True)
class Session:
    """The options that every command takes."""

    workspace: str | None = None
    json: bool = False
    quiet: bool = False
    debug: bool = False

    @contextmanager
    def listening(self, *, brief: bool = False) -> Iterator[Listener]:
        """Show the reading report, notes and progress on stderr while the block runs; nothing with --quiet.

        `brief` omits the table of inferred columns, which are already stored with a model, but not the repairs.
        """
        from tsattn.render.progress import listening

        with listening(quiet=self.quiet, brief=brief or self.json) as listener:
            yield listener

    def show(self, result: Any, render: Callable[[Console, Any], None]) -> int:
        """Print a result on stdout, as JSON or as `render` draws it. Returns the exit code."""
        if self.json:
            from tsattn.data.names import printable_json

            document = json.dumps(result.to_mapping(), ensure_ascii=False, allow_nan=False)
            sys.stdout.write(printable_json(document) + "\n")
        else:
            from tsattn.render.console import stdout

            render(stdout(), result)
        failed = any(not failure.ended for failure in getattr(result, "failures", ()))
        return int(ExitCode.PARTIAL if failed else ExitCode.DONE)
