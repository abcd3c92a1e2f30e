"""Python runs this at every start where the directory is on PYTHONPATH, as `make test` puts it.

Where RECORD_AWS_CALLS names a file, each AWS operation that the bridge calls is written there once a process,
the processes that tests start among them.
"""

from __future__ import annotations

import os
from typing import Any

import botocore


def _record(session: Any) -> None:
    seen: set[str] = set()

    def note(model: Any, params: Any, **_rest: Any) -> None:
        operation = f"{model.service_model.service_name}.{model.name}"
        if operation not in seen and "ibmmq-aws-bridge/" in params["headers"].get("User-Agent", ""):
            seen.add(operation)
            with open(os.environ["RECORD_AWS_CALLS"], "a") as file:  # noqa: PTH123 - no import more than needed
                file.write(f"{operation}\n")

    session.register("before-call", note)


if os.environ.get("RECORD_AWS_CALLS"):
    botocore.register_initializer(_record)
