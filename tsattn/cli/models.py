"""`tsattn models`: what is in the workspace?"""

from __future__ import annotations

from tsattn.cli import options
from tsattn.cli.groups import uses
from tsattn.cli.session import Session


@uses(session=options.session)
def models(session: Session) -> int:
    """List the models of the workspace, newest first."""
    from tsattn import api
    from tsattn.out import tables

    result = api.models(workspace=session.workspace)
    return session.show(result, lambda console, found: tables.models(console, found.models, str(found.workspace)))
