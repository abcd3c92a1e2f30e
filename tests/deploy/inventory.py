"""What is in the emulator, by plain boto3, without what is made up anew each time (ids, endings)."""

from __future__ import annotations

from typing import Any

from tests.deploy.conftest import Cloud

Inventory = dict[str, list[str]]


def inventory(cloud: Cloud) -> Inventory:
    """Names by kind, sorted; a kind of which there is nothing has an empty list."""
    return {kind: sorted(names) for kind, names in _everything(cloud).items()}


def _everything(cloud: Cloud) -> dict[str, list[str]]:
    kms, ecs, ec2 = cloud.client("kms"), cloud.client("ecs"), cloud.client("ec2")
    found = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    clusters = [one["clusterArn"] for one in found if one["status"] == "ACTIVE"]
    subscriptions = _pages(cloud, "sns", "list_subscriptions", "Subscriptions")
    return {
        "stacks": [one["StackName"] for one in _pages(cloud, "cloudformation", "describe_stacks", "Stacks")],
        "keys": [
            key["Description"]
            for one in _pages(cloud, "kms", "list_keys", "Keys")
            if (key := kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"])["KeyState"] == "Enabled"
            and key["KeyManager"] == "CUSTOMER"
        ],
        "aliases": [
            one["AliasName"]
            for one in _pages(cloud, "kms", "list_aliases", "Aliases")
            if not one["AliasName"].startswith("alias/aws/")
        ],
        "secrets": [one["Name"] for one in _pages(cloud, "secretsmanager", "list_secrets", "SecretList")],
        "buckets": [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]],
        "topics": [_last(one["TopicArn"]) for one in _pages(cloud, "sns", "list_topics", "Topics")],
        "queues": [url.rpartition("/")[2] for url in _pages(cloud, "sqs", "list_queues", "QueueUrls")],
        "subscriptions": [f"{_last(one['TopicArn'])} -> {_last(one['Endpoint'])}" for one in subscriptions],
        "logs": [one["logGroupName"] for one in _pages(cloud, "logs", "describe_log_groups", "logGroups")],
        "alarms": [
            one["AlarmName"]
            for one in _pages(cloud, "cloudwatch", "describe_alarms", "MetricAlarms")
            if not one["AlarmName"].startswith("TargetTracking-")
        ],
        "dashboards": [
            one["DashboardName"] for one in _pages(cloud, "cloudwatch", "list_dashboards", "DashboardEntries")
        ],
        "roles": [one["RoleName"].rpartition("-")[0] for one in _pages(cloud, "iam", "list_roles", "Roles")],
        "clusters": [one.rpartition("/")[2] for one in clusters],
        "services": [
            service["serviceName"]
            for cluster in clusters
            if (arns := ecs.list_services(cluster=cluster)["serviceArns"])
            for service in ecs.describe_services(cluster=cluster, services=arns)["services"]
            if service["status"] == "ACTIVE"
        ],
        "repositories": [
            one["repositoryName"] for one in _pages(cloud, "ecr", "describe_repositories", "repositories")
        ],
        "networks": [one["CidrBlock"] for one in ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]],
        "endpoints": [
            one["ServiceName"]
            for one in _pages(cloud, "ec2", "describe_vpc_endpoints", "VpcEndpoints")
            if one["State"] != "deleted"
        ],
    }


def _pages(cloud: Cloud, service: str, operation: str, key: str) -> list[Any]:
    return [
        one for page in cloud.client(service).get_paginator(operation).paginate() for one in page.get(key, [])
    ]


def _last(arn: str) -> str:
    return arn.rpartition(":")[2]
