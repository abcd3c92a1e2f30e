"""The mock queue manager as a service of its own, for a rehearsal of everything but MQ itself."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_servicediscovery as discovery
from constructs import Construct

from infra.container import add_container, execution_role, firewall
from infra.images import MOCK_MQ
from infra.keys import let_logs_use
from infra.nag import accept
from infra.network import CIDR, Place
from infra.secrets import SecretsStack

DOMAIN, HOST = "bridge.internal", "mock-mq"
"""Where it is found in the VPC: mock-mq.bridge.internal."""
PORT = 1414
_LOG = "/bridge/mock"


class MockStack(Stack):
    """One task of mock-mq, with mutual TLS. What is on its queues is gone when it is replaced."""

    def __init__(
        self, scope: Construct, name: str, *, secrets: SecretsStack, place: Place, image: str, **given: Any
    ) -> None:
        super().__init__(scope, name, description="The bridge's mock queue manager, for rehearsals", **given)
        let_logs_use(secrets.key, _LOG)
        log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=_LOG,
            retention=logs.RetentionDays.ONE_WEEK,
            encryption_key=secrets.key,
        )
        cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name="bridge-mock",
            vpc=place.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        role = execution_role(self, MOCK_MQ, log_group)
        definition = ecs.FargateTaskDefinition(
            self,
            "Task",
            family="bridge-mock",
            cpu=256,
            memory_limit_mib=512,
            execution_role=role,
            task_role=iam.Role(
                self,
                "TaskRole",
                description="mock-mq calls nothing of AWS's",
                assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
            ),
        )
        secret = secretsmanager.Secret.from_secret_complete_arn(self, "Secret", secrets.secret_arn)
        add_container(
            definition,
            "mock-mq",
            image,
            command=["serve", "--host", "0.0.0.0", "--queue", "*"],  # noqa: S104 - its firewall lets in the VPC only
            environment={},
            secrets={"MOCK_MQ_TLS": ecs.Secret.from_secrets_manager(secret)},
            log_group=log_group,
            health_check=("CMD", "mock-mq", "ping"),
            stop_within=Duration.seconds(30),
            port=PORT,
        )
        accept(definition, "ECS2", "Where temporary files go; the certificates come from Secrets Manager")
        group = firewall(self, place, "mock-mq: the port of MQ from inside the VPC")
        # A block of addresses and not the VPC's attribute, so that checks can see how small it is.
        group.group.add_ingress_rule(ec2.Peer.ipv4(CIDR), ec2.Port.tcp(PORT), "MQ clients in the VPC")
        service = ecs.FargateService(
            self,
            "Service",
            service_name="bridge-mock",
            cluster=cluster,
            task_definition=definition,
            assign_public_ip=False,
            vpc_subnets=place.subnets,
            security_groups=[group.group],
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            # One at a time: two would be two queue managers under one name.
            min_healthy_percent=0,
            max_healthy_percent=100,
            desired_count=1,
        )
        namespace = discovery.PrivateDnsNamespace(self, "Domain", name=DOMAIN, vpc=place.vpc)
        service.enable_cloud_map(
            name=HOST, cloud_map_namespace=namespace, dns_ttl=Duration.seconds(10), container_port=PORT
        )
