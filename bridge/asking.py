"""Asks a running bridge how it is, over its own HTTP port."""

from __future__ import annotations

import http.client
import ipaddress
import json
from dataclasses import dataclass

from bridge.configuration import Http
from bridge.http_server import HEALTH

_PATIENCE = 5.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether all is well, and in words."""

    well: bool
    text: str


def ask_health(settings: Http) -> Answer:
    """Whether the bridge that listens there is alive. Never raises."""
    if not settings.port:
        return Answer(
            well=False, text="bridge: http.port is 0, any free one: give it a number to ask it there"
        )
    address = ipaddress.ip_address(settings.address)
    # One that listens on all addresses is asked on this machine's own.
    host = {4: "127.0.0.1", 6: "::1"}[address.version] if address.is_unspecified else settings.address
    connection = http.client.HTTPConnection(host, settings.port, timeout=_PATIENCE)
    try:
        connection.request("GET", HEALTH)
        response = connection.getresponse()
        content = json.loads(response.read(65_536))
        well = response.status == http.client.OK and content["alive"] is True
        stuck = ", ".join(map(str, content["stuck"]))
    except OSError as e:
        return Answer(
            well=False, text=f"bridge: nothing answers at {host}:{settings.port}: {e.strerror or e}"
        )
    except (http.client.HTTPException, ValueError, KeyError, TypeError):
        return Answer(well=False, text=f"bridge: what answers at {host}:{settings.port} is no bridge")
    finally:
        connection.close()
    return Answer(well, "bridge: alive" if well else f"bridge: stuck: {stuck}: restart it")
