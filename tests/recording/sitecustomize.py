"""Python runs this at every start where the directory is on PYTHONPATH, as `make test` puts it.

Where RECORD_AWS_CALLS names a file, each AWS operation that the bridge calls is written there once a process,
the processes that tests start among them: a line has who calls (bridge, operator, check) and the operation.
"""

from __future__ import annotations

import os
from typing import Any

import botocore


def _record(session: Any) -> None:
    seen: set[str] = set()

    def note(event_name: str, request: Any, **_rest: Any) -> None:
        operation = event_name.partition(".")[2]
        headers = {name.lower(): value for name, value in request.headers.items()}
        agent = headers.get("user-agent", b"")
        agent = agent.decode() if isinstance(agent, bytes) else agent
        for who in ("", "-operator", "-check"):
            line = f"{who.strip('-') or 'bridge'} {operation}\n"
            if f"ibmmq-aws-bridge{who}/" in agent and line not in seen:
                seen.add(line)
                with open(os.environ["RECORD_AWS_CALLS"], "a") as file:  # noqa: PTH123 - no import more than needed
                    file.write(line)

    session.register("before-send", note)


if os.environ.get("RECORD_AWS_CALLS"):
    botocore.register_initializer(_record)
