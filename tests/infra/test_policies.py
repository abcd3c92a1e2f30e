"""What everybody may do, asserted over all stacks: a check on one resource would miss the next one added."""

from __future__ import annotations

from typing import Any

from infra import permissions
from tests.infra.conftest import INTEGRATIONS, Synthesis, many

# A key's policy says "*" for the key itself; an endpoint's says whose credentials may pass, and no more.
STAR_IS_ITSELF = {"AWS::KMS::Key", "AWS::EC2::VPCEndpoint"}
STARS_EXPLAINED = {
    "Token": "ecr:GetAuthorizationToken knows no resource",
}


def test_no_statement_allows_everything_on_anything(synthesis: Synthesis) -> None:
    unexplained = [
        (where, statement)
        for where, kind, statement in synthesis.statements()
        if statement["Effect"] == "Allow"
        and kind not in STAR_IS_ITSELF
        and statement.get("Sid") not in STARS_EXPLAINED
        and "*" in many(statement.get("Resource", "*"))
    ]
    # A role's trust policy names no resource: the role is it.
    assert [where for where, each in unexplained if each["Action"] != "sts:AssumeRole"] == []


def test_no_action_is_a_wildcard(synthesis: Synthesis) -> None:
    found = {
        (where.partition("/")[0], action)
        for where, _, statement in synthesis.statements()
        if statement["Effect"] == "Allow"
        for action in many(statement["Action"])
        if "*" in action
    }
    explained = {
        # Endpoints: any action, by the account's own credentials alone (tested below).
        ("bridge-network", "*"),
        # The account's owners administer keys: AWS's advice, so that nobody is ever locked out.
        *((stack, "kms:*") for stack in synthesis.templates),
        # AWS's own wording for services that use a key: GenerateDataKey and GenerateDataKeyWithoutPlaintext.
        *(
            (stack, action)
            for stack in synthesis.templates
            for action in ("kms:GenerateDataKey*", "kms:ReEncrypt*")
        ),
    }
    assert found <= explained


def test_stars_are_the_accounts_owners_alone(synthesis: Synthesis) -> None:
    for where, kind, statement in synthesis.statements():
        if statement["Effect"] == "Allow" and "kms:*" in many(statement["Action"]):
            assert kind == "AWS::KMS::Key"
            assert ":root" in str(statement["Principal"]), where


def test_endpoints_let_only_the_account_pass(synthesis: Synthesis) -> None:
    endpoints = synthesis.resources("AWS::EC2::VPCEndpoint")
    services = {
        str(each["Properties"]["ServiceName"]).rpartition(".")[2].split("'")[0] for _, each in endpoints
    }
    assert {"sqs", "sns", "s3", "secretsmanager", "kms", "api", "dkr", "logs", "sts"} <= services
    for where, endpoint in endpoints:
        assert endpoint["Properties"]["PrivateDnsEnabled"] is True, where
        for statement in endpoint["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Sid"] == "ImageLayers":
                assert statement["Action"] == "s3:GetObject"
                continue
            assert statement["Condition"] == {
                "StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}
            }


def test_nobody_else_is_trusted_without_a_condition(synthesis: Synthesis) -> None:
    for where, kind, statement in synthesis.statements():
        if statement["Effect"] != "Allow" or "Principal" not in statement:
            continue
        principal = statement["Principal"]
        if principal in ("*", {"AWS": "*"}):
            assert kind == "AWS::EC2::VPCEndpoint", where
        service = principal.get("Service", "") if isinstance(principal, dict) else ""
        if service and kind != "AWS::IAM::Role":
            assert statement.get("Condition"), f"{where}: {service} without a condition"


def test_transport_is_tls_on_every_bucket_topic_and_queue(synthesis: Synthesis) -> None:
    policies = {"AWS::S3::Bucket": "Bucket", "AWS::SQS::Queue": "Queues", "AWS::SNS::Topic": "Topics"}
    for kind, key in policies.items():
        wanted = {where for where, each in synthesis.resources(kind) if each["Type"] == kind}
        assert wanted
        denying = set()
        for where, policy in synthesis.resources(f"{kind}Policy"):
            stack = where.partition("/")[0]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Deny" and statement["Condition"] == {
                    "Bool": {"aws:SecureTransport": "false"}
                }:
                    assert statement["Principal"] in ("*", {"AWS": "*"})
                    denying |= {f"{stack}/{_logical(each)}" for each in many(policy["Properties"][key])}
        assert wanted == denying, kind


def test_everything_is_encrypted_with_a_rotated_key_of_the_customers(synthesis: Synthesis) -> None:
    properties = {
        "AWS::SQS::Queue": "KmsMasterKeyId",
        "AWS::SNS::Topic": "KmsMasterKeyId",
        "AWS::SecretsManager::Secret": "KmsKeyId",
        "AWS::Logs::LogGroup": "KmsKeyId",
    }
    for kind, name in properties.items():
        found = [(where, each) for where, each in synthesis.resources(kind) if each["Type"] == kind]
        assert found
        for where, each in found:
            assert isinstance(each["Properties"].get(name), dict), where
    for where, bucket in synthesis.resources("AWS::S3::Bucket"):
        if bucket["Type"] != "AWS::S3::Bucket":
            continue
        (rule,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms", where
        assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"], where
    for where, repository in synthesis.resources("AWS::ECR::Repository"):
        assert repository["Properties"]["EncryptionConfiguration"]["EncryptionType"] == "KMS", where
    keys = synthesis.resources("AWS::KMS::Key")
    assert keys
    assert all(key["Properties"]["EnableKeyRotation"] is True for _, key in keys)


def test_buckets_are_private_versioned_and_cleaned_up(synthesis: Synthesis) -> None:
    for where, bucket in synthesis.resources("AWS::S3::Bucket"):
        if bucket["Type"] != "AWS::S3::Bucket":
            continue
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}, where
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}, where
        (rule,) = properties["LifecycleConfiguration"]["Rules"]
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}, where
        assert rule["ExpirationInDays"] >= 30, where
        assert bucket["DeletionPolicy"] == "Retain", where


def test_nothing_is_open_to_the_world_and_nothing_goes_out_to_it(synthesis: Synthesis) -> None:
    rules = [
        (where, rule)
        for where, resource in synthesis.resources("AWS::EC2::SecurityGroup")
        for rule in (
            [resource["Properties"]]
            if resource["Type"] != "AWS::EC2::SecurityGroup"
            else resource["Properties"].get("SecurityGroupIngress", [])
            + resource["Properties"].get("SecurityGroupEgress", [])
        )
    ]
    assert rules
    for where, rule in rules:
        if rule.get("Description") == "Disallow all traffic":  # what CDK writes for none at all
            assert rule["CidrIp"] == "255.255.255.255/32"
            continue
        assert rule.get("CidrIp") not in {"0.0.0.0/0"}, where
        assert "CidrIpv6" not in rule, where
        assert rule["IpProtocol"] == "tcp", where
        assert rule["FromPort"] == rule["ToPort"], where
    assert synthesis.resources("AWS::EC2::NatGateway") == []
    assert synthesis.resources("AWS::EC2::InternetGateway") == []
    for where, subnet in synthesis.resources("AWS::EC2::Subnet"):
        if subnet["Type"] == "AWS::EC2::Subnet":
            assert subnet["Properties"]["MapPublicIpOnLaunch"] is False, where


def test_a_task_reaches_its_queue_manager_and_the_endpoints_and_nobody_reaches_it(
    synthesis: Synthesis,
) -> None:
    wanted = {
        "orders": {("10.64.0.0/20", 1414)},
        "payments": {("10.64.0.0/20", 1414)},
        "partners": {(net, port) for net in ("10.20.1.0/24", "10.20.2.0/24") for port in (1414, 1415)},
    }
    for name in INTEGRATIONS:
        stack = f"bridge-{name}-service"
        ((_, group),) = [
            each
            for each in synthesis.resources("AWS::EC2::SecurityGroup", stack=stack)
            if "Egress" not in each[1]["Type"] and "Ingress" not in each[1]["Type"]
        ]
        assert "SecurityGroupIngress" not in group["Properties"]
        reached = {(rule["CidrIp"], rule["FromPort"]) for rule in group["Properties"]["SecurityGroupEgress"]}
        assert reached == wanted[name]
        ((_, egress),) = synthesis.resources("AWS::EC2::SecurityGroupEgress", stack=stack)
        assert (egress["Properties"]["FromPort"], egress["Properties"]["ToPort"]) == (443, 443)
        assert "Endpoints" in str(egress["Properties"]["DestinationSecurityGroupId"])


def test_the_task_role_has_exactly_what_its_routes_need_on_exactly_what_they_use(
    synthesis: Synthesis,
) -> None:
    use = {
        "Publish": (permissions.PUBLISH, "Topic"),
        "Send": (permissions.SEND, "Queue"),
        "Receive": (permissions.RECEIVE, "Queue"),
        "DeadLetters": (permissions.KEEP, "dead-letters"),
        "Secret": (permissions.READ_SECRET, "Secret"),
        "KeepBodies": (permissions.KEEP, "payloads"),
        "FetchBodies": (permissions.FETCH, "payloads"),
        "TellMissingBodies": (permissions.TELL_MISSING, "payloads"),
        "DiscardBodies": (permissions.DISCARD, "payloads"),
        "DataKey": (permissions.USE_KEY, "Key"),
        "SecretKey": (permissions.USE_KEY[:1], "Key"),
        "LookAtTopics": (permissions.LOOK_AT_TOPIC, "Topic"),
        "LookAtQueues": (permissions.LOOK_AT_QUEUE, "Queue"),
        "LookAtBuckets": (permissions.LOOK_AT_BUCKET, "bridge-"),
        "KeyState": (permissions.LOOK_AT_KEY, "Key"),
    }
    expected = {
        "orders": set(use) - {"DiscardBodies"},
        "payments": set(use) - {"DiscardBodies", "Send", "LookAtQueues"},
        "partners": set(use),
    }
    for name in INTEGRATIONS:
        statements = _role_statements(synthesis, f"bridge-{name}-service", "TaskRole")
        assert {each["Sid"] for each in statements} == expected[name]
        for each in statements:
            actions, part = use[each["Sid"]]
            assert sorted(many(each["Action"])) == sorted(actions)
            for resource in many(each["Resource"]):
                assert part in str(resource), (name, each["Sid"])
                assert str(resource).count("*") == str(resource).count("/*"), (
                    "objects of a bucket, nothing else"
                )
            if each["Sid"].endswith("Key"):
                services = many(each["Condition"]["StringEquals"]["kms:ViaService"])
                assert all("amazonaws.com" in str(service) for service in services)


def test_the_whole_of_the_actions_that_integrations_are_granted_is_the_whole_that_the_bridge_needs(
    synthesis: Synthesis,
) -> None:
    granted = {
        action
        for name in INTEGRATIONS
        for statement in _role_statements(synthesis, f"bridge-{name}-service", "TaskRole")
        for action in many(statement["Action"])
    }
    assert granted == permissions.ALL | permissions.LOOK | set(permissions.USE_KEY)


def test_the_operators_policy_has_what_a_replay_needs_and_deletes_nothing(synthesis: Synthesis) -> None:
    granted = set()
    for name in INTEGRATIONS:
        ((_, policy),) = synthesis.resources("AWS::IAM::ManagedPolicy", stack=f"bridge-{name}-service")
        for each in policy["Properties"]["PolicyDocument"]["Statement"]:
            granted |= set(many(each["Action"]))
            if each["Sid"] in {"FindLetters", "ReplayLetters"}:
                assert "dead-letters" in str(each["Resource"])
                assert str(each["Resource"]).count("*") == (each["Sid"] == "ReplayLetters")
    assert granted == permissions.OPERATOR | set(permissions.USE_KEY)


def test_the_execution_role_reads_no_data_and_not_the_secret(synthesis: Synthesis) -> None:
    for name in INTEGRATIONS:
        statements = _role_statements(synthesis, f"bridge-{name}-service", "ExecutionRole")
        actions = {action for each in statements for action in many(each["Action"])}
        assert {action.partition(":")[0] for action in actions} == {"ecr", "logs"}
        assert "logs:GetLogEvents" not in actions
    mock = {
        action
        for each in _role_statements(synthesis, "bridge-mock", "ExecutionRole")
        for action in many(each["Action"])
        if action.startswith("secretsmanager")
    }
    assert mock == {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}


def test_queues_take_from_a_topic_only_what_that_topic_sends(synthesis: Synthesis) -> None:
    found = 0
    for where, policy in synthesis.resources("AWS::SQS::QueuePolicy"):
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow" and "Service" in str(statement["Principal"]):
                source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
                assert source["Ref"].startswith("Topic"), where
                found += 1
    assert found == len(INTEGRATIONS), "a test queue for each topic"


def test_other_accounts_get_what_the_file_says_and_nothing_else(synthesis: Synthesis) -> None:
    others = {"111122223333", "444455556666"}
    found: dict[tuple[str, str], set[str]] = {}
    for where, kind, statement in synthesis.statements():
        if statement["Effect"] == "Allow" and any(each in str(statement.get("Principal")) for each in others):
            assert where.partition("/")[0] == "bridge-partners-data"
            found.setdefault((kind, statement["Sid"]), set()).update(many(statement["Action"]))
            if kind == "AWS::KMS::Key":
                assert statement["Condition"]["StringEquals"]["kms:ViaService"]
    assert {
        kind: actions for (kind, _), actions in found.items() if "Policy" in kind and "Bucket" not in kind
    }
    assert found["AWS::SNS::TopicPolicy", "Subscribers"] == {"sns:Subscribe"}
    assert found["AWS::SQS::QueuePolicy", "Senders"] == set(permissions.SEND)
    assert found["AWS::SQS::QueuePolicy", "Receivers"] == set(permissions.RECEIVE)
    assert {
        actions for (kind, _), each in found.items() if kind == "AWS::S3::BucketPolicy" for actions in each
    } == {"s3:GetObject"}


def _role_statements(synthesis: Synthesis, stack: str, role: str) -> list[dict[str, Any]]:
    return [
        statement
        for where, policy in synthesis.resources("AWS::IAM::Policy", stack=stack)
        if where.split("/")[0] == stack and role in where
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def _logical(reference: dict[str, Any]) -> str:
    return str(reference["Ref"])
