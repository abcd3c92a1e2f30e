"""Brings stacks and images into the account: `deploy`, `diff`, `mock up`, and the secrets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.credentials import Credentials
from infra.deploy import builder, cdk, images, places, stacks, values
from infra.deploy.cdk import Cdk
from infra.deploy.errors import DeployError
from infra.deploy.options import Options
from infra.deploy.status import SERVICE
from infra.deploy.steps import Step, ask, take, warn

_CONTEXT = {"bridge": "bridge_image", "mock-mq": "mock_image"}
"""How the CDK app is told the image of each of the Dockerfile's targets."""


@dataclass
class Work:
    """One command's run: its options, where its templates go, and the images known by now."""

    options: Options
    cdk: Cdk
    integrations: Sequence[str]
    build_arguments: Sequence[str] = ()
    images: dict[str, str] = field(default_factory=dict)

    def synthesise(self) -> None:
        """Makes the templates, with the images known by now. Raises `DeployError`."""
        cdk.run(self.cdk.synthesise(self.context()), self.options.account, quiet=True)

    def context(self) -> dict[str, str]:
        """What the CDK app is told."""
        return {"integrations": ",".join(self.integrations), **self.images}

    def known(self, wanted: Sequence[str]) -> list[str]:
        """Those of the wanted stacks that there are templates for."""
        manifest = json.loads((Path(self.cdk.assembly) / "manifest.json").read_text())
        return [name for name in wanted if name in manifest["artifacts"]]

    def deploy(self, *wanted: str) -> str:
        """Deploys stacks; CDK knows which go first. Raises `DeployError`."""
        self.synthesise()
        names = self.known(wanted)
        cdk.run(self.cdk.deploy(names, yes=self.options.yes), self.options.account)
        return f"as the templates say: {', '.join(names)}"

    def commands(self, *wanted: str) -> list[str]:
        """The command lines of `deploy`, for a dry run."""
        lines = (self.cdk.synthesise(self.context()), self.cdk.deploy(wanted, yes=self.options.yes))
        return [cdk.shown(line) for line in lines]


def put_secret(options: Options, integration: str, value: Credentials) -> None:
    """`create_secrets`: the stack, then the value, each where it is missing. Raises `DeployError`."""
    name, stack = places.secret(integration), places.stack(integration, "secrets")
    with options.cdk() as command:
        work = Work(options, command, [] if integration == places.MOCK else [integration])

        def make() -> str:
            if stacks.is_usable(options.account.session.client("cloudformation"), stack):
                return f"{stack} is there: kept"
            return work.deploy(stack)

        steps = [
            Step(
                f"stack {stack}: a key and an empty secret, unless they are there", make, work.commands(stack)
            ),
            Step(
                f"put the value of {name}, unless it has one",
                lambda: values.create(options.account.session.client("secretsmanager"), name, value),
                ["secretsmanager PutSecretValue, over TLS"],
            ),
        ]
        take(steps, dry_run=options.dry_run)


def rotate_secret(options: Options, integration: str, value: Credentials, *, restart: bool) -> None:
    """`update_secrets`: a new value for a secret that has one, then new tasks. Raises `DeployError`."""
    name = places.secret(integration)
    holder = places.MOCK_STACK if integration == places.MOCK else places.stack(integration, "service")

    def start_anew() -> str:
        found = stacks.resources(options.account.session.client("cloudformation"), holder)
        services = [one.id for one in found if one.type == SERVICE]
        for service in services:
            options.account.session.client("ecs").update_service(
                cluster=service.split("/")[-2], service=service, forceNewDeployment=True
            )
        return (
            "new tasks take the place of the old ones"
            if services
            else f"{holder} is not there: nothing to do"
        )

    steps = [
        Step(
            f"put a new value of {name}, unless it is the same",
            lambda: values.update(options.account.session.client("secretsmanager"), name, value),
            ["secretsmanager PutSecretValue, over TLS"],
        )
    ]
    if restart:
        steps.append(Step(f"start new tasks of {holder}, which read it", start_anew, ["ecs UpdateService"]))
    take(steps, dry_run=options.dry_run)
    if not restart:
        warn("a new value is taken at the next start: --restart starts new tasks now")


def deploy(
    options: Options, integrations: Sequence[str], *, image: str | None, build_arguments: Sequence[str]
) -> None:
    """`deploy`: the image, then the stacks of these integrations. Raises `DeployError`."""
    wanted = [places.stack(name, part) for name in integrations for part in places.PARTS]
    wanted += [places.IMAGES] if image is None else []
    with options.cdk() as command:
        work = Work(options, command, integrations, build_arguments)
        if image is None and not images.has_ibm_client(build_arguments) and not options.dry_run:
            warn("without --build-arg MQ_CLIENT_SHA256=... the image has a stand-in for IBM's MQ client")
            if not ask("Deploy an image that is for rehearsals only?", yes=options.yes):
                raise DeployError("not confirmed: nothing was changed")
        steps = [
            _check(options, integrations),
            *_image(work, "bridge", image),
            Step(
                f"stacks of {', '.join(integrations)}, and {places.NETWORK} where it is needed",
                lambda: work.deploy(*wanted),
                work.commands(*wanted),
            ),
        ]
        take(steps, dry_run=options.dry_run)


def mock_up(options: Options, *, image: str | None, build_arguments: Sequence[str]) -> None:
    """`mock up`: the mock queue manager as a service of its own. Raises `DeployError`."""
    with options.cdk() as command:
        work = Work(options, command, [], build_arguments)
        steps = [
            _check(options, [places.MOCK]),
            *_image(work, "mock-mq", image),
            Step(
                f"stack {places.MOCK_STACK}",
                lambda: work.deploy(places.MOCK_STACK),
                work.commands(places.MOCK_STACK),
            ),
        ]
        take(steps, dry_run=options.dry_run)


def diff(
    options: Options, integrations: Sequence[str], *, image: str | None, build_arguments: Sequence[str]
) -> None:
    """`diff`: what `deploy` would change; changes nothing. Raises `DeployError`."""
    wanted = [places.stack(name, part) for name in integrations for part in places.PARTS]
    with options.cdk() as command:
        work = Work(options, command, integrations, build_arguments)

        def compare() -> str:
            found = image or images.in_ecr(
                options.account.session.client("ecr"),
                images.REPOSITORIES["bridge"],
                images.tag(build_arguments),
            )
            if found:
                work.images[_CONTEXT["bridge"]] = found
            work.synthesise()
            cdk.run(work.cdk.diff(work.known([places.NETWORK, *wanted])), options.account)
            unbuilt = (
                "" if found else "; image-not-built.invalid stands for the image that deploy would build"
            )
            return f"compared, and nothing changed{unbuilt}"

        lines = [work.cdk.synthesise(work.context()), work.cdk.diff(wanted)]
        step = Step(
            f"compare the stacks of {', '.join(integrations)}", compare, [cdk.shown(line) for line in lines]
        )
        take([step], dry_run=options.dry_run)


def _check(options: Options, integrations: Sequence[str]) -> Step:
    """Refuses before anything is made: no credentials, no region, a secret without a value."""

    def check() -> str:
        account = options.account
        for name in integrations:
            if not values.has_value(account.session.client("secretsmanager"), places.secret(name)):
                of = "mock" if name == places.MOCK else f"broker {name}"
                raise DeployError(
                    f"the secret {places.secret(name)} has no value yet: ./deploy.sh create_secrets {of}"
                )
        return f"account {account.id}, region {account.region}; the secrets have values"

    return Step("check credentials, region and secrets", check)


def _image(work: Work, target: str, given: str | None) -> list[Step]:
    """The steps that find, or build and push, an image; none where it is given."""
    if given:
        work.images[_CONTEXT[target]] = given
        return []
    options, tagged = work.options, images.tag(work.build_arguments)

    def repositories() -> str:
        found = images.in_ecr(options.account.session.client("ecr"), images.REPOSITORIES[target], tagged)
        return "the image is there already: kept" if found else work.deploy(places.IMAGES)

    def build() -> str:
        image = work.images[_CONTEXT[target]] = images.make(
            options.account, target, tagged, work.build_arguments
        )
        return image

    tool = builder.find() if work.options.dry_run else None
    uri = f"ACCOUNT.dkr.ecr.REGION.amazonaws.com/{images.REPOSITORIES[target]}"
    registry = uri.partition("/")[0]
    image = f"{uri}:{tagged}"
    lines = (
        [
            tool.build(target, image, work.build_arguments),
            tool.log_in(registry),
            tool.push(image),
            tool.log_out(registry),
        ]
        if tool
        else []
    )
    return [
        Step(
            f"stack {places.IMAGES}, unless ECR has {target}:{tagged}",
            repositories,
            work.commands(places.IMAGES),
        ),
        Step(
            f"build and push {target}:{tagged}, unless ECR has it",
            build,
            [builder.shown(line) for line in lines],
        ),
    ]
