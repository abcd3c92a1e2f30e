"""What runs an integration: a Fargate service, its roles and firewall, and how many tasks it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra import permissions
from infra.container import add_container, execution_role, firewall
from infra.data import DataStack
from infra.images import BRIDGE
from infra.nag import accept
from infra.network import Place
from infra.secrets import SecretsStack
from infra.settings import Integration, ends_of

HEALTH_CHECK = ("CMD", "bridge", "health")
STOP_WITHIN = Duration.seconds(60)
"""ECS waits that long after SIGTERM; the bridge drains within 25 seconds."""


class ServiceStack(Stack):
    """The cluster and the service of one integration."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        integration: Integration,
        data: DataStack,
        secrets: SecretsStack,
        place: Place,
        image: str,
        **given: Any,
    ) -> None:
        super().__init__(scope, name, description=f"The bridge's integration {integration.name}", **given)
        self._integration, self._data, self._secrets, self._place = integration, data, secrets, place
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=f"bridge-{integration.name}",
            vpc=place.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
            enable_fargate_capacity_providers=True,
        )
        self.service = self._service(image)
        self._scale()
        CfnOutput(self, "ClusterName", value=self.cluster.cluster_name)
        CfnOutput(self, "ServiceName", value=self.service.service_name)
        CfnOutput(self, "OperatorPolicy", value=self._operator_policy().managed_policy_arn)

    def _service(self, image: str) -> ecs.FargateService:
        task = self._integration.task
        definition = ecs.FargateTaskDefinition(
            self,
            "Task",
            family=f"bridge-{self._integration.name}",
            cpu=task.cpu,
            memory_limit_mib=task.memory,
            task_role=self._task_role(),
            execution_role=execution_role(self, BRIDGE, self._data.log_group),
        )
        add_container(
            definition,
            "bridge",
            image,
            environment={"BRIDGE_CONFIG": self._configuration()},
            log_group=self._data.log_group,
            health_check=HEALTH_CHECK,
            stop_within=STOP_WITHIN,
        )
        accept(
            definition,
            "ECS2",
            "The bridge's configuration, in which no secret stands: that is fetched at run time",
        )
        group = firewall(self, self._place, "The bridge: to the queue manager and to AWS, and nobody to it")
        for address in self._integration.queue_manager.addresses:
            for port in self._integration.queue_manager.ports:
                group.reach(address, port, f"The queue manager at port {port}")
        spot = ecs.CapacityProviderStrategy(capacity_provider="FARGATE_SPOT", weight=4)
        steady = ecs.CapacityProviderStrategy(capacity_provider="FARGATE", base=task.minimum, weight=1)
        return ecs.FargateService(
            self,
            "Service",
            service_name=f"bridge-{self._integration.name}",
            cluster=self.cluster,
            task_definition=definition,
            assign_public_ip=False,
            vpc_subnets=self._place.subnets,
            security_groups=[group.group],
            # What is always there is steady; what comes on top may be taken away: it drains either way.
            capacity_provider_strategies=[steady, spot] if task.spot else [steady],
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            min_healthy_percent=100,
            max_healthy_percent=200,
            desired_count=task.minimum,
            enable_execute_command=False,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )

    def _configuration(self) -> str:
        data = self._data
        queues = {**data.sources, **data.destinations}
        return self.to_json_string(
            self._integration.configuration(
                topics={name: topic.topic_arn for name, topic in data.topics.items()},
                queues={name: queue.queue_arn for name, queue in queues.items()},
                payloads=data.payloads.name if data.payloads else "",
                dead_letters=data.dead_letters.name,
            )
        )

    def _task_role(self) -> iam.Role:
        """Exactly the actions that this integration's routes need, on exactly what they use."""
        data, integration = self._data, self._integration
        role = iam.Role(
            self,
            "TaskRole",
            description=f"What the bridge may do for {integration.name}",
            assumed_by=iam.ServicePrincipal(
                "ecs-tasks.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            ),
        )
        self._allow(role, "Publish", permissions.PUBLISH, [each.topic_arn for each in data.topics.values()])
        self._allow(role, "Send", permissions.SEND, [each.queue_arn for each in data.destinations.values()])
        self._allow(role, "Receive", permissions.RECEIVE, [each.queue_arn for each in data.sources.values()])
        self._allow(role, "DeadLetters", permissions.KEEP, [data.dead_letters.objects])
        self._allow(role, "Secret", permissions.READ_SECRET, [self._secrets.secret_arn])
        if data.payloads:
            bodies = [data.payloads.objects]
            if data.topics or data.destinations:
                self._allow(role, "KeepBodies", permissions.KEEP, bodies)
            if data.sources:
                self._allow(role, "FetchBodies", permissions.FETCH, bodies)
                self._allow(role, "TellMissingBodies", permissions.TELL_MISSING, [data.payloads.arn])
                if (integration.offload or {}).get("delete_after_delivery"):
                    self._allow(role, "DiscardBodies", permissions.DISCARD, bodies)
        self._use_keys(role)
        self._look(role)
        return role

    def _look(self, role: iam.Role) -> None:
        """What `bridge check` asks for: of a role it can tell only where it is run with that role."""
        data = self._data
        buckets = [each.arn for each in (data.dead_letters, data.payloads) if each]
        topics = [each.topic_arn for each in data.topics.values()]
        queues = [each.queue_arn for each in data.destinations.values()]
        self._allow(role, "LookAtTopics", permissions.LOOK_AT_TOPIC, topics)
        self._allow(role, "LookAtQueues", permissions.LOOK_AT_QUEUE, queues)
        self._allow(role, "LookAtBuckets", permissions.LOOK_AT_BUCKET, buckets)
        self._allow(role, "KeyState", permissions.LOOK_AT_KEY, [data.key.key_arn])

    def _operator_policy(self) -> iam.ManagedPolicy:
        """What a person needs to look through the dead letters and replay them: to be attached to a role."""
        data = self._data
        policy = iam.ManagedPolicy(
            self,
            "Operator",
            description=f"To list, show, export and replay dead letters of {self._integration.name}",
        )
        queues = [each.queue_arn for each in {**data.destinations, **data.sources}.values()]
        self._allow(policy, "FindLetters", permissions.FIND_LETTERS, [data.dead_letters.arn])
        self._allow(policy, "ReplayLetters", permissions.REPLAY_LETTERS, [data.dead_letters.objects])
        self._allow(policy, "Publish", permissions.PUBLISH, [each.topic_arn for each in data.topics.values()])
        self._allow(policy, "Send", permissions.SEND, queues)
        if data.payloads and (data.topics or data.destinations):
            self._allow(policy, "KeepBodies", permissions.KEEP, [data.payloads.objects])
        self._allow(policy, "Secret", permissions.READ_SECRET, [self._secrets.secret_arn])
        self._use_keys(policy)
        return policy

    def _use_keys(self, who: iam.Role | iam.ManagedPolicy) -> None:
        data = self._data
        self._allow(who, "DataKey", permissions.USE_KEY, [data.key.key_arn], via=("s3", "sns", "sqs"))
        self._allow(
            who, "SecretKey", permissions.USE_KEY[:1], [self._secrets.key.key_arn], via=("secretsmanager",)
        )
        for objects in (data.dead_letters.objects, *([data.payloads.objects] if data.payloads else [])):
            shown = objects.replace(Aws.PARTITION, "<AWS::Partition>")
            shown = shown.replace(Aws.ACCOUNT_ID, "<AWS::AccountId>").replace(Aws.REGION, "<AWS::Region>")
            why = "Objects of this integration's own bucket, whose keys nobody knows beforehand"
            accept(who, "IAM5", why, finding=f"Resource::{shown}")

    def _allow(
        self,
        who: iam.Role | iam.ManagedPolicy,
        sid: str,
        actions: Sequence[str],
        resources: list[str],
        *,
        via: Sequence[str] = (),
    ) -> None:
        if not resources:
            return
        services = [f"{each}.{self.region}.amazonaws.com" for each in via]
        conditions: Mapping[str, Any] = {"StringEquals": {"kms:ViaService": services}} if via else {}
        statement = iam.PolicyStatement(
            sid=sid, actions=list(actions), resources=resources, conditions=conditions
        )
        if isinstance(who, iam.Role):
            who.add_to_policy(statement)
        else:
            who.add_statements(statement)

    def _scale(self) -> None:
        """Tasks by the messages that wait: as many as keep each one's share at `backlog`.

        One policy a route; of several wishes Application Auto Scaling takes the largest. Where order is kept
        only one task takes from an MQ queue, so that its depth asks for no more. A task that is taken away
        drains: ECS waits for it, and what it has not finished is handed out again.
        """
        task, name = self._integration.task, self._integration.name
        if task.maximum == task.minimum:
            return
        target = scaling.ScalableTarget(
            self,
            "Tasks",
            service_namespace=scaling.ServiceNamespace.ECS,
            resource_id=f"service/{self.cluster.cluster_name}/{self.service.service_name}",
            scalable_dimension="ecs:service:DesiredCount",
            min_capacity=task.minimum,
            max_capacity=task.maximum,
        )
        for route in self._integration.routes:
            source = route["from"]
            if "sqs" in source:
                backlog = _stat(
                    "AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": source["sqs"]}, "Maximum"
                )
            elif any(
                str(end.get(kind, "")).endswith(".fifo")
                for end in ends_of(route, "to")
                for kind in ("sns", "sqs")
            ):
                continue
            else:
                backlog = _stat(
                    self._integration.namespace, "bridge_source_depth", {"route": route["name"]}, "Maximum"
                )
            self._track(target, f"backlog-{name}-{route['name']}", backlog)

    def _track(self, target: scaling.ScalableTarget, name: str, backlog: Mapping[str, Any]) -> None:
        tasks = _stat(
            "ECS/ContainerInsights",
            "RunningTaskCount",
            {"ClusterName": self.cluster.cluster_name, "ServiceName": self.service.service_name},
            "Average",
        )
        metrics = [
            {"Id": "waiting", "MetricStat": backlog, "ReturnData": False},
            {"Id": "tasks", "MetricStat": tasks, "ReturnData": False},
            {
                "Id": "share",
                "Expression": "waiting / IF(tasks < 1, 1, tasks)",
                "Label": "Waiting messages a task",
                "ReturnData": True,
            },
        ]
        policy = scaling.CfnScalingPolicy(
            self,
            f"Policy-{name}",
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.scalable_target_id,
            target_tracking_scaling_policy_configuration=scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=self._integration.task.backlog, scale_in_cooldown=300, scale_out_cooldown=60
            ),
        )
        # Metric math in a customised metric has no construct of the library's that Python could fill.
        policy.add_property_override(
            "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification", {"Metrics": metrics}
        )


def _stat(namespace: str, metric: str, dimensions: Mapping[str, str], statistic: str) -> dict[str, Any]:
    return {
        "Metric": {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        },
        "Stat": statistic,
    }
