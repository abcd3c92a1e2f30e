"""The network: a VPC without a way in or out, and endpoints for the AWS services that the bridge calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from aws_cdk import Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.keys import log_key
from infra.nag import accept

CIDR = "10.64.0.0/20"
"""The made VPC's. Where it meets others (a transit gateway to the queue manager), it must be free there."""

_SERVICES = ("sqs", "sns", "s3", "secretsmanager", "kms", "ecr.api", "ecr.dkr", "logs", "sts")


@dataclass(frozen=True, slots=True)
class Place:
    """Where tasks run: the VPC, its private subnets, and what their firewall must let through to reach AWS.

    `endpoints` is the security group of the endpoints; None in a VPC that was given, where they are
    somewhere among the addresses of the VPC.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    endpoints: ec2.ISecurityGroup | None


class NetworkStack(Stack):
    """A VPC of two zones that integrations share where they name none."""

    def __init__(self, scope: Construct, name: str, **given: Any) -> None:
        super().__init__(scope, name, description="The bridge's network: private, with endpoints", **given)
        self._vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(CIDR),
            max_azs=2,
            nat_gateways=0,
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24
                )
            ],
        )
        Tags.of(self._vpc).add("Name", name)
        self._flow_logs()
        self._endpoints = ec2.SecurityGroup(
            self,
            "Endpoints",
            vpc=self._vpc,
            description="Endpoints of AWS services: tasks are let in by the stacks of their own",
            allow_all_outbound=False,
        )
        for service in _SERVICES:
            self._endpoint(service)

    @property
    def place(self) -> Place:
        """What a service needs to know of it."""
        subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        return Place(self._vpc, subnets, self._endpoints)

    def _endpoint(self, service: str) -> None:
        endpoint = ec2.InterfaceVpcEndpoint(
            self,
            service.replace(".", "-").capitalize(),
            vpc=self._vpc,
            service=ec2.InterfaceVpcEndpointService(f"com.amazonaws.{self.region}.{service}", 443),
            private_dns_enabled=True,
            open=False,
            security_groups=[self._endpoints],
            subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        )
        if service == "s3":
            # An interface and not a gateway: a firewall rule can name it, where a gateway is a list of
            # addresses that differs by region. With this, S3's own names lead to it.
            raw = cast("ec2.CfnVPCEndpoint", endpoint.node.default_child)
            raw.add_property_override("DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint", "AllResolvers")
        endpoint.add_to_policy(
            iam.PolicyStatement(
                sid="OwnAccount",
                principals=[iam.AnyPrincipal()],
                actions=["*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:PrincipalAccount": self.account}},
            )
        )
        if service == "s3":
            # The layers of images in ECR, which come by signed addresses.
            endpoint.add_to_policy(
                iam.PolicyStatement(
                    sid="ImageLayers",
                    principals=[iam.AnyPrincipal()],
                    actions=["s3:GetObject"],
                    resources=[f"arn:{self.partition}:s3:::prod-{self.region}-starport-layer-bucket/*"],
                )
            )

    def _flow_logs(self) -> None:
        group = logs.LogGroup(
            self,
            "FlowLogs",
            log_group_name="/bridge/network",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=log_key(self, "FlowLogsKey", "/bridge/network"),
        )
        role = iam.Role(self, "FlowLogsRole", assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"))
        self._vpc.add_flow_log("FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group, role))
        accept(role, "IAM5", "The service writes streams into this one log group", finding="Resource::*")


def given_vpc(scope: Construct, name: str) -> Place:
    """The VPC with this Name tag: it must have the endpoints that `NetworkStack` makes, or other ways out."""
    vpc = ec2.Vpc.from_lookup(scope, "Vpc", vpc_name=name)
    return Place(vpc, ec2.SubnetSelection(one_per_az=True, subnets=_private(vpc)), None)


def _private(vpc: ec2.IVpc) -> list[ec2.ISubnet]:
    return list(vpc.isolated_subnets or vpc.private_subnets)
