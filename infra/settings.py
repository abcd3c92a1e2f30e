"""What an integration's file says (`infra/integrations/NAME.yaml`), checked before anything is made of it.

What concerns the bridge itself is checked by the bridge: its configuration is rendered from the file and
loaded as a task would.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bridge.configuration import ConfigurationError
from bridge.configuration import load as load_bridge

DIRECTORY = Path(__file__).parent / "integrations"

Sizes = Mapping[int, tuple[int, ...]]
FARGATE_SIZES: Sizes = {
    256: (512, 1024, 2048),
    512: (1024, 2048, 3072, 4096),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
}
"""MiB of memory by CPU units, 1,024 a vCPU. Source: "Amazon ECS task definition parameters for Fargate"."""

_PLACEHOLDER = "arn:aws:{service}:eu-west-1:123456789012:{name}"


class SettingsError(Exception):
    """An integration's file that can't be used; `mistakes` has a line for each, with the key and a remedy."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def _cidr(text: str) -> str:
    network = ipaddress.ip_network(text)
    if network.version != 4 or network.prefixlen == 0:
        raise ValueError("is not the queue manager's own network: write an IPv4 one such as 10.20.0.0/24")
    return text


def _principal(text: str) -> str:
    if not re.fullmatch(r"\d{12}|arn:aws[a-z-]*:iam::\d{12}:(root|(user|role)/[\w+=,.@/-]+)", text):
        raise ValueError("is not an account (12 digits) or the ARN of a role or user")
    return text


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,69}(\.fifo)?$")]
Principal = Annotated[str, AfterValidator(_principal)]


class Settings(BaseModel):
    """What all parts share: they never change, and know no other keys than theirs."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class QueueManager(Settings):
    """The bridge's part `queue_manager`, and `addresses`: the networks in which it is, for the firewall."""

    name: str
    connections: list[Annotated[str, Field(pattern=r"^[^\s()]+\(\d{1,5}\)$")]] = Field(min_length=1)
    channel: str
    cipher_spec: str = "ANY_TLS12_OR_HIGHER"
    peer_name: str = ""
    addresses: list[Annotated[str, AfterValidator(_cidr)]] = Field(min_length=1)

    @property
    def ports(self) -> list[int]:
        """The ports that it listens on."""
        return sorted({int(each[each.index("(") + 1 : -1]) for each in self.connections})


class Access(Settings):
    """Accounts and roles that may use a topic or queue from outside the account."""

    subscribers: list[Principal] = []
    publishers: list[Principal] = []
    senders: list[Principal] = []
    receivers: list[Principal] = []


class Task(Settings):
    """A task's size, how many there are, and how many waiting messages are one task's share.

    `processes` are those of the bridge in it.
    """

    cpu: int = 512
    memory: int = 1024
    processes: Annotated[int, Field(ge=1, le=16)] = 1
    minimum: Annotated[int, Field(ge=1, le=100)] = 1
    maximum: Annotated[int, Field(ge=1, le=100)] = 4
    backlog: Annotated[int, Field(ge=1)] = 1000
    spot: bool = False

    @model_validator(mode="after")
    def _checked(self) -> Task:
        if self.memory not in FARGATE_SIZES.get(self.cpu, ()):
            sizes = FARGATE_SIZES.get(self.cpu)
            right = (
                f"memory for cpu {self.cpu} is one of {sizes}"
                if sizes
                else f"cpu is one of {list(FARGATE_SIZES)}"
            )
            raise ValueError(f"is no size that Fargate has: {right}")
        if self.minimum > self.maximum:
            raise ValueError("has a minimum above its maximum: swap them")
        return self


class Network(Settings):
    """The VPC to use, by its Name tag; without it one is made and shared."""

    vpc: Annotated[str, Field(min_length=1)]


class Alarms(Settings):
    """Who is told, and after how many seconds a waiting message is too old."""

    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    oldest_seconds: Annotated[int, Field(ge=60)] = 300


class Days(Settings):
    """How long things are kept."""

    logs: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 180, 365, 400, 731, 1827] = 90
    payloads: Annotated[int, Field(ge=1)] = 30
    dead_letters: Annotated[int, Field(ge=30)] = 400


class Integration(Settings):
    """One integration: a queue manager, its routes, and what runs them."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
    queue_manager: QueueManager
    routes: list[dict[str, Any]] = Field(min_length=1)
    offload: dict[str, Any] | None = None
    dead_letters: dict[str, Any] = {}
    access: dict[Name, Access] = {}
    task: Task = Task()
    network: Network | None = None
    alarms: Alarms = Alarms()
    keep_days: Days = Days()
    tags: dict[str, str] = {}

    @property
    def secret_name(self) -> str:
        """Under which the credentials are in Secrets Manager."""
        return f"bridge/{self.name}/mq"

    @property
    def namespace(self) -> str:
        """Of its metrics in CloudWatch."""
        return f"bridge/{self.name}"

    @property
    def topics(self) -> list[str]:
        """The topics that routes publish to, by name."""
        return _names(self.routes, "to", "sns")

    @property
    def destinations(self) -> list[str]:
        """The queues that routes send to, by name."""
        return _names(self.routes, "to", "sqs")

    @property
    def sources(self) -> list[str]:
        """The SQS queues that routes take from, by name."""
        return _names(self.routes, "from", "sqs")

    def configuration(
        self, *, topics: Mapping[str, str], queues: Mapping[str, str], payloads: str, dead_letters: str
    ) -> dict[str, Any]:
        """The bridge's configuration, with the ARNs of topics and queues and the buckets' names."""
        queue_manager = self.queue_manager.model_dump(exclude={"addresses"}, exclude_defaults=True)
        routes = []
        for route in self.routes:
            sides: dict[str, Any] = {}
            for side in ("from", "to"):
                ends = [dict(end) for end in ends_of(route, side)]
                for end in ends:
                    for kind, arns in (("sns", topics), ("sqs", queues)):
                        if kind in end:
                            end[kind] = arns[end[kind]]
                sides[side] = ends if isinstance(route[side], list) else ends[0]
            routes.append({**route, **sides})
        return {
            "queue_manager": {
                **queue_manager,
                "cipher_spec": self.queue_manager.cipher_spec,
                "credentials": f"secretsmanager:{self.secret_name}",
            },
            **({"offload": {"bucket": payloads, **self.offload}} if self.offload is not None else {}),
            "dead_letters": {"bucket": dead_letters, **self.dead_letters},
            "cloudwatch": {"namespace": self.namespace},
            **({"processes": self.task.processes} if self.task.processes > 1 else {}),
            "routes": routes,
        }


def load(path: Path) -> Integration:
    """Reads and checks an integration's file; its name is the file's. Raises `SettingsError`."""
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as e:
        known = ", ".join(sorted(each.stem for each in path.parent.glob("*.yaml"))) or "none"
        raise SettingsError([f"{path}: {e.strerror}: there are these integrations: {known}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as e:
        raise SettingsError([f"{path}: is not YAML: {' '.join(str(e).split())}"]) from None
    if not isinstance(content, dict):
        raise SettingsError([f"{path}: is not a mapping: write queue_manager and routes, each with a colon"])
    try:
        integration = Integration.model_validate({**content, "name": path.stem})
    except ValidationError as e:
        raise SettingsError([_sentence(path, error) for error in e.errors(include_url=False)]) from None
    _check_bridge(path, integration)
    _check_access(path, integration)
    return integration


def _sentence(path: Path, error: Any) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    said = {"extra_forbidden": "is not a known key: leave it out", "missing": "is missing: add it"}
    return f"{path}: {key}: {said.get(error['type'], error['msg'].removeprefix('Value error, '))}"


def _check_bridge(path: Path, integration: Integration) -> None:
    """Has the bridge itself judge what it would be given."""
    mistakes = [
        f"{path}: routes[{index}].{side}: {wrong}"
        for index, route in enumerate(integration.routes)
        for side in ("from", "to")
        for end in ends_of(route, side)
        if (wrong := _wrong_end(end))
    ]
    if mistakes:
        raise SettingsError(mistakes)
    queues = (*integration.sources, *integration.destinations)
    rendered = integration.configuration(
        topics={name: _PLACEHOLDER.format(service="sns", name=name) for name in integration.topics},
        queues={name: _PLACEHOLDER.format(service="sqs", name=name) for name in queues},
        payloads="payloads",
        dead_letters="dead-letters",
    )
    try:
        load_bridge(None, {"BRIDGE_CONFIG": json.dumps(rendered)})
    except ConfigurationError as e:
        lines = [
            f"{path}: {each.key or 'the document'}: {each.problem}: {each.remedy}" for each in e.mistakes
        ]
        raise SettingsError(lines) from None


def _wrong_end(end: Any) -> str:
    if not isinstance(end, dict):
        return "is missing: write {mq: QUEUE}, {sqs: QUEUE} or {sns: TOPIC}"
    if any(":" in str(end.get(kind, "")) for kind in ("sns", "sqs")):
        return "is an ARN or a URL: write the name, it is made here"
    return ""


def _check_access(path: Path, integration: Integration) -> None:
    allowed = {
        **dict.fromkeys(integration.topics, ("subscribers", "publishers")),
        **dict.fromkeys(integration.sources, ("senders",)),
        **dict.fromkeys(integration.destinations, ("receivers",)),
    }
    mistakes = []
    for name, access in integration.access.items():
        if name not in allowed:
            mistakes.append(f"{path}: access.{name}: no route has a topic or queue of that name")
            continue
        for kind, principals in access:
            if principals and kind not in allowed[name]:
                right = " or ".join(allowed[name])
                mistakes.append(f"{path}: access.{name}.{kind}: has no meaning here: write {right}")
    if mistakes:
        raise SettingsError(mistakes)


def _names(routes: list[dict[str, Any]], side: str, kind: str) -> list[str]:
    ends = (end for route in routes for end in ends_of(route, side))
    return list(dict.fromkeys(end[kind] for end in ends if isinstance(end, dict) and kind in end))


def ends_of(route: Mapping[str, Any], side: str) -> list[Any]:
    """What stands at one side of a route: one source, one destination or several."""
    ends = route.get(side)
    return ends if isinstance(ends, list) and ends else [ends]
