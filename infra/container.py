"""What the bridge's tasks and the mock queue manager's have in common: how little a container may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.nag import accept
from infra.network import Place

USER = "10001:10001"
"""The images' own, by number: nobody on any host."""
RUN = "/run/bridge"
"""The only place that can be written to: a volume of the task's own, which the images give to `USER`."""


def add_container(
    definition: ecs.FargateTaskDefinition,
    name: str,
    image: str,
    *,
    environment: Mapping[str, str],
    log_group: logs.ILogGroup,
    health_check: Sequence[str],
    stop_within: Duration,
    secrets: Mapping[str, ecs.Secret] | None = None,
    command: Sequence[str] = (),
    port: int | None = None,
) -> ecs.ContainerDefinition:
    """Adds the task's one container: no root, no capabilities, nothing written but in `RUN`.

    Fargate takes no security options, so that no-new-privileges can't be said there; without a capability and
    without a setuid program in the image there is no privilege to gain.
    """
    definition.add_volume(name="run")
    limits = ecs.LinuxParameters(definition, "Linux")
    limits.drop_capabilities(ecs.Capability.ALL)
    container = definition.add_container(
        name,
        container_name=name,
        image=ecs.ContainerImage.from_registry(image),
        command=list(command) or None,
        environment={"TMPDIR": RUN, **environment},
        secrets=dict(secrets or {}),
        logging=ecs.LogDriver.aws_logs(stream_prefix=name, log_group=log_group),
        health_check=ecs.HealthCheck(
            command=list(health_check),
            interval=Duration.seconds(30),
            timeout=Duration.seconds(10),
            retries=3,
            start_period=Duration.seconds(60),
        ),
        user=USER,
        readonly_root_filesystem=True,
        privileged=False,
        linux_parameters=limits,
        stop_timeout=stop_within,
        port_mappings=[ecs.PortMapping(container_port=port)] if port else None,
    )
    container.add_mount_points(ecs.MountPoint(container_path=RUN, source_volume="run", read_only=False))
    return container


def execution_role(scope: Construct, repository: str, log_group: logs.ILogGroup) -> iam.Role:
    """What ECS itself needs to start a task: its image and its log. It reads no data."""
    stack = Stack.of(scope)
    role = iam.Role(
        scope,
        "ExecutionRole",
        description="Starts tasks: pulls one repository's images, writes one log group",
        assumed_by=iam.ServicePrincipal(
            "ecs-tasks.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
        ),
    )
    role.add_to_policy(
        iam.PolicyStatement(sid="Token", actions=["ecr:GetAuthorizationToken"], resources=["*"])
    )
    role.add_to_policy(
        iam.PolicyStatement(
            sid="Image",
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=[stack.format_arn(service="ecr", resource="repository", resource_name=repository)],
        )
    )
    role.add_to_policy(
        iam.PolicyStatement(
            sid="Log",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log_group.log_group_arn],
        )
    )
    accept(role, "IAM5", "A token for ECR can't be had for one repository alone", finding="Resource::*")
    return role


@dataclass(frozen=True, slots=True)
class Firewall:
    """A service's security group: nothing gets in, and out only what is added."""

    group: ec2.SecurityGroup

    def reach(self, address: str, port: int, what: str) -> None:
        """Lets tasks connect to a network's port."""
        self.group.add_egress_rule(ec2.Peer.ipv4(address), ec2.Port.tcp(port), what)


def firewall(scope: Construct, place: Place, what: str) -> Firewall:
    """A security group that reaches the endpoints of AWS services and nothing else yet."""
    group = ec2.SecurityGroup(scope, "Firewall", vpc=place.vpc, description=what, allow_all_outbound=False)
    made = Firewall(group)
    if place.endpoints is None:
        made.reach(place.vpc.vpc_cidr_block, 443, "The endpoints of AWS services in the VPC")
        return made
    ec2.CfnSecurityGroupEgress(
        scope,
        "ToEndpoints",
        group_id=group.security_group_id,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        destination_security_group_id=place.endpoints.security_group_id,
        description="The endpoints of AWS services",
    )
    # Here and not with the endpoints: their stack knows nothing of those who use it.
    ec2.CfnSecurityGroupIngress(
        scope,
        "FromTasks",
        group_id=place.endpoints.security_group_id,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        source_security_group_id=group.security_group_id,
        description=what[:80],
    )
    return made
