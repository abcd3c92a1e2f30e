"""moto's server with the CloudFormation types that the stacks need and moto lacks.

Each is made by the very call of AWS's API that CloudFormation would make, sent to the server itself, so that
a test finds it by any boto3 client.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import boto3
import moto.cloudformation.parsing  # noqa: F401 - first, so that ours come after moto's own types
from moto.core.common_models import CloudFormationModel
from moto.server import ThreadedMotoServer

from tests.fixtures.aws import REGION

NOT_MADE = {
    "AWS::ECS::ClusterCapacityProviderAssociations": "moto replaces the cluster's own providers instead",
    "AWS::Logs::QueryDefinition": "moto has no saved queries",
    "AWS::S3::BucketPolicy": "moto applies a Deny without its conditions: nothing could be read",
}
"""Types that are taken and forgotten, with the reason."""

Properties = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """What a resource's `Ref` is, its attributes, and how it goes."""

    ref: str
    attributes: dict[str, str] = field(default_factory=dict)
    remove: Callable[[], Any] = lambda: None


class Emulator:
    """The server, and clients of it."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]

    @cache  # noqa: B019 - one emulator a process, and a client takes long to make
    def client(self, service: str) -> Any:
        session = boto3.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
        )
        return session.client(service, endpoint_url=f"http://127.0.0.1:{self.port}")  # type: ignore[call-overload]

    def secret(self, given: Properties) -> Made:
        client = self.client("secretsmanager")
        arn = client.create_secret(**given)["ARN"]
        remove = lambda: client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)  # noqa: E731
        return Made(arn, {"Id": arn}, remove)

    def key(self, given: Properties) -> Made:
        """moto has the type, but trips over the form of its tags in a template."""
        client = self.client("kms")
        tags = [{"TagKey": one["Key"], "TagValue": one["Value"]} for one in given.get("Tags", [])]
        key = client.create_key(
            Policy=json.dumps(given["KeyPolicy"]), Description=given.get("Description", ""), Tags=tags
        )["KeyMetadata"]
        if given.get("EnableKeyRotation"):
            client.enable_key_rotation(KeyId=key["KeyId"])
        return Made(
            key["KeyId"], {"Arn": key["Arn"]}, lambda: client.schedule_key_deletion(KeyId=key["KeyId"])
        )

    def subscription(self, given: Properties) -> Made:
        client = self.client("sns")
        raw = {"RawMessageDelivery": "true"} if str(given.get("RawMessageDelivery")).lower() == "true" else {}
        arn = client.subscribe(
            TopicArn=given["TopicArn"],
            Protocol=given["Protocol"],
            Endpoint=given["Endpoint"],
            Attributes=raw,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Made(arn, {"Arn": arn}, lambda: client.unsubscribe(SubscriptionArn=arn))

    def topic_policy(self, given: Properties) -> Made:
        for topic in given["Topics"]:
            self.client("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(given["PolicyDocument"])
            )
        return Made(given["Topics"][0])

    def queue_policy(self, given: Properties) -> Made:
        for queue in given["Queues"]:
            self.client("sqs").set_queue_attributes(
                QueueUrl=queue, Attributes={"Policy": json.dumps(given["PolicyDocument"])}
            )
        return Made(given["Queues"][0])

    def alarm(self, given: Properties) -> Made:
        client = self.client("cloudwatch")
        name = given["AlarmName"]
        client.put_metric_alarm(**given)
        arn = client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["AlarmArn"]
        return Made(name, {"Arn": arn}, lambda: client.delete_alarms(AlarmNames=[name]))

    def scalable_target(self, given: Properties) -> Made:
        client = self.client("application-autoscaling")
        tags = {one["Key"]: one["Value"] for one in given.pop("Tags", [])}
        client.register_scalable_target(**given, Tags=tags)
        names = {key: given[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        return Made("|".join(names.values()), {}, lambda: client.deregister_scalable_target(**names))

    def scaling_policy(self, given: Properties) -> Made:
        client = self.client("application-autoscaling")
        space, resource, dimension = given.pop("ScalingTargetId").split("|")
        names = {"ServiceNamespace": space, "ResourceId": resource, "ScalableDimension": dimension}
        arn = client.put_scaling_policy(**given, **names)["PolicyARN"]
        name = given["PolicyName"]
        return Made(arn, {"Arn": arn}, lambda: client.delete_scaling_policy(PolicyName=name, **names))

    def egress(self, given: Properties) -> Made:
        rule: Properties = {key: given[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in given}
        rule["UserIdGroupPairs"] = [{"GroupId": given["DestinationSecurityGroupId"]}]
        self.client("ec2").authorize_security_group_egress(GroupId=given["GroupId"], IpPermissions=[rule])
        return Made(given["GroupId"])

    def endpoint(self, given: Properties) -> Made:
        """moto has the type, but leaves it behind when its stack goes; so it does with route tables."""
        client = self.client("ec2")
        known = (
            "VpcId",
            "ServiceName",
            "VpcEndpointType",
            "SubnetIds",
            "SecurityGroupIds",
            "PrivateDnsEnabled",
        )
        asked = {key: given[key] for key in known if key in given}
        policy = json.dumps(given.get("PolicyDocument", {}))
        made = client.create_vpc_endpoint(**asked, PolicyDocument=policy)["VpcEndpoint"]["VpcEndpointId"]
        return Made(made, {"Id": made}, lambda: client.delete_vpc_endpoints(VpcEndpointIds=[made]))

    def route_table(self, given: Properties) -> Made:
        client = self.client("ec2")
        made = client.create_route_table(VpcId=given["VpcId"])["RouteTable"]["RouteTableId"]
        return Made(made, {"RouteTableId": made}, lambda: client.delete_route_table(RouteTableId=made))

    def cluster(self, given: Properties) -> Made:
        """moto has clusters and services, but leaves them behind as well."""
        client = self.client("ecs")
        made = client.create_cluster(**_camel({key: given[key] for key in ("ClusterName",)}))["cluster"]
        remove = lambda: client.delete_cluster(cluster=made["clusterArn"])  # noqa: E731
        return Made(made["clusterName"], {"Arn": made["clusterArn"]}, remove)

    def service(self, given: Properties) -> Made:
        client = self.client("ecs")
        known = (
            "Cluster",
            "DesiredCount",
            "LaunchType",
            "NetworkConfiguration",
            "ServiceName",
            "TaskDefinition",
        )
        made = client.create_service(**_camel({key: given[key] for key in known if key in given}))["service"]
        where = {"cluster": made["clusterArn"], "service": made["serviceArn"]}
        remove = lambda: client.delete_service(**where, force=True)  # noqa: E731
        return Made(made["serviceArn"], {"Name": made["serviceName"]}, remove)

    def dns_namespace(self, given: Properties) -> Made:
        client = self.client("servicediscovery")
        client.create_private_dns_namespace(Name=given["Name"], Vpc=given["Vpc"])
        found = next(one for one in client.list_namespaces()["Namespaces"] if one["Name"] == given["Name"])
        return Made(found["Id"], {"Id": found["Id"]}, lambda: client.delete_namespace(Id=found["Id"]))

    def dns_service(self, given: Properties) -> Made:
        client = self.client("servicediscovery")
        known = {key: given[key] for key in ("Name", "NamespaceId") if key in given}
        made = client.create_service(**known)["Service"]
        return Made(made["Id"], {"Arn": made["Arn"]}, lambda: client.delete_service(Id=made["Id"]))

    def forgotten(self, given: Properties) -> Made:
        return Made("not-made")


def types() -> dict[str, Callable[[Emulator, Properties], Made]]:
    """What makes each type that is added to moto's, or put in place of it."""
    return {
        "AWS::ApplicationAutoScaling::ScalableTarget": Emulator.scalable_target,
        "AWS::ApplicationAutoScaling::ScalingPolicy": Emulator.scaling_policy,
        "AWS::CloudWatch::Alarm": Emulator.alarm,
        "AWS::EC2::RouteTable": Emulator.route_table,
        "AWS::EC2::SecurityGroupEgress": Emulator.egress,
        "AWS::EC2::VPCEndpoint": Emulator.endpoint,
        "AWS::ECS::Cluster": Emulator.cluster,
        "AWS::ECS::Service": Emulator.service,
        "AWS::KMS::Key": Emulator.key,
        "AWS::SNS::Subscription": Emulator.subscription,
        "AWS::SNS::TopicPolicy": Emulator.topic_policy,
        "AWS::SQS::QueuePolicy": Emulator.queue_policy,
        "AWS::SecretsManager::Secret": Emulator.secret,
        "AWS::ServiceDiscovery::PrivateDnsNamespace": Emulator.dns_namespace,
        "AWS::ServiceDiscovery::Service": Emulator.dns_service,
        **dict.fromkeys(NOT_MADE, Emulator.forgotten),
    }


def _camel(given: Any) -> Any:
    """ECS's API has the names of its templates' properties, with a small first letter."""
    if isinstance(given, dict):
        return {key[0].lower() + key[1:]: _camel(value) for key, value in given.items()}
    return [_camel(each) for each in given] if isinstance(given, list) else given


def _teach(kind: str, make: Callable[[Properties], Made]) -> None:
    """moto finds types among the direct subclasses; of two for one type, it takes the later."""

    class Resource(CloudFormationModel):
        def __init__(self, made: Made) -> None:
            self.made = made
            self.physical_resource_id = made.ref

        @staticmethod
        def cloudformation_name_type() -> str:
            return {"AWS::SecretsManager::Secret": "Name", "AWS::CloudWatch::Alarm": "AlarmName"}.get(
                kind, ""
            )

        @staticmethod
        def cloudformation_type() -> str:
            return kind

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return True

        @classmethod
        def create_from_cloudformation_json(  # type: ignore[no-untyped-def]
            cls, resource_name, cloudformation_json, account_id, region_name, **kwargs
        ):
            given = dict(cloudformation_json["Properties"])
            if kind == "AWS::CloudWatch::Alarm":
                given.setdefault("AlarmName", resource_name)
            return cls(make(given))

        @classmethod
        def update_from_cloudformation_json(  # type: ignore[no-untyped-def]
            cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
        ):
            original_resource.made.remove()
            return cls(make(dict(cloudformation_json["Properties"])))

        @classmethod
        def delete_from_cloudformation_json(  # type: ignore[no-untyped-def]
            cls, resource_name, cloudformation_json, account_id, region_name
        ):
            raise NotImplementedError

        def delete(self, account_id: str, region_name: str) -> None:
            self.made.remove()

        def get_cfn_attribute(self, name: str) -> str:
            return self.made.attributes[name]

        def is_created(self) -> bool:
            return True

    _KEPT.append(Resource)


_KEPT: list[type] = []
"""Python holds subclasses weakly."""


def serve() -> None:
    """Prints the port and serves until standard input ends."""
    emulator = Emulator()
    for kind, make in types().items():
        _teach(kind, partial(make, emulator))
    print(emulator.port, flush=True)  # noqa: T201
    sys.stdin.read()
