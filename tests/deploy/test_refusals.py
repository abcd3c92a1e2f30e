"""What deploy.sh refuses, in a plain sentence and before it has made anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from certs import generate
from certs.generating import valid_until
from tests.deploy.conftest import IMAGE, Checkout, Cloud, environment
from tests.deploy.inventory import inventory

CANARY = "a-passphrase-that-nobody-sees"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Credentials that are right."""
    return generate(tmp_path / "certificates").bridge


def _other_key(directory: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "private_key.pem").write_bytes(pem)


def _encrypted(directory: Path) -> None:
    path = directory / "private_key.pem"
    key = load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(CANARY.encode()))
    )


def _wrong_passphrase(directory: Path) -> None:
    _encrypted(directory)
    (directory / "private_key_passphrase").write_text(f"not-{CANARY}\n")


def _expired(directory: Path) -> None:
    shutil.rmtree(directory)
    shutil.copytree(generate(directory.parent / "old", days=0).bridge, directory)


def _without_ca(directory: Path) -> None:
    (directory / "ca.pem").unlink()


def _password_alone(directory: Path) -> None:
    (directory / "password").write_text(CANARY)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_other_key, "private_key does not belong to certificate"),
        (_encrypted, "private_key is encrypted: give private_key_passphrase too"),
        (_wrong_passphrase, "private_key does not open: check private_key_passphrase"),
        (_expired, "certificate expired on"),
        (_without_ca, "ca is missing"),
        (_password_alone, "user is missing"),
    ],
)
def test_credentials_that_the_bridge_would_refuse_are_not_uploaded(
    checkout: Checkout,
    cloud: Cloud,
    directory: Path,
    spoil: Callable[[Path], None],
    says: str,
) -> None:
    spoil(directory)
    before = inventory(cloud)

    command = "create_secrets" if spoil is not _expired else "update_secrets"
    done = checkout.run(command, "broker", "orders", "--from", str(directory), env=cloud.environment)

    assert done.returncode == 1
    assert says in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert inventory(cloud) == before


def test_an_encrypted_key_goes_up_with_its_passphrase(
    checkout: Checkout, cloud: Cloud, directory: Path
) -> None:
    _encrypted(directory)
    (directory / "private_key_passphrase").write_text(f"{CANARY}\n")
    client = cloud.client("secretsmanager")
    client.create_secret(Name="bridge/orders/mq", SecretString="{}")

    done = checkout.run("update_secrets", "broker", "orders", "--from", str(directory), env=cloud.environment)

    assert done.returncode == 0, done.stderr
    assert CANARY in client.get_secret_value(SecretId="bridge/orders/mq")["SecretString"]
    assert CANARY not in done.stdout + done.stderr
    client.delete_secret(SecretId="bridge/orders/mq", ForceDeleteWithoutRecovery=True)


@pytest.mark.parametrize("command", ["update_secrets broker orders", "update_secrets mock"])
@pytest.mark.usefixtures("rehearsal")
def test_a_secret_that_is_not_there_is_not_updated(checkout: Checkout, cloud: Cloud, command: str) -> None:
    done = checkout.run(*command.split(), env=cloud.environment)

    assert done.returncode == 1
    assert "has no value to update: create_secrets gives it one" in done.stderr


def test_the_mock_does_not_come_up_without_its_secret(checkout: Checkout, cloud: Cloud) -> None:
    done = checkout.run("mock", "up", "--mock-image", IMAGE, env=cloud.environment)

    assert done.returncode == 1
    assert "the secret bridge/mock/mq has no value yet: ./deploy.sh create_secrets mock" in done.stderr


def test_an_image_without_ibms_client_is_deployed_only_when_told(checkout: Checkout) -> None:
    done = checkout.run("deploy", "orders")

    assert done.returncode == 1
    assert "has a stand-in for IBM's MQ client" in done.stdout
    assert "give --yes" in done.stderr


def test_a_mistake_in_the_integrations_file_is_told_before_aws_is_asked(checkout: Checkout) -> None:
    path = checkout.root / "infra" / "integrations" / "mistaken.yaml"
    path.write_text((path.parent / "orders.yaml").read_text().replace("channel:", "chanel:"))

    done = checkout.run("deploy", "mistaken", "--bridge-image", IMAGE)
    path.unlink()

    assert done.returncode == 2
    assert "mistaken.yaml: queue_manager.chanel: is not a known key" in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("command", "settings", "says"),
    [
        (
            "deploy orders --bridge-image IMAGE",
            {"AWS_DEFAULT_REGION": "eu-west-1"},
            "no AWS credentials were found",
        ),
        (
            "deploy orders --bridge-image IMAGE",
            {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
            "no region was found: give --region",
        ),
        ("destroy orders --profile nobody's", {}, "there is no AWS profile nobody's"),
        (
            "status --region eu-west-1",
            {
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            },
            "AWS can't be asked who this is",
        ),
    ],
)
def test_without_an_account_it_says_what_is_missing(
    checkout: Checkout, command: str, settings: dict[str, str], says: str
) -> None:
    done = checkout.run(
        *command.replace("IMAGE", IMAGE).split(), env=environment(**settings, AWS_MAX_ATTEMPTS="1")
    )

    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_profile_and_a_region_lead_where_they_say(checkout: Checkout, cloud: Cloud, tmp_path: Path) -> None:
    config, keys = tmp_path / "config", tmp_path / "credentials"
    config.write_text(f"[profile rehearsal]\nendpoint_url = {cloud.url}\nregion = eu-west-1\n")
    keys.write_text("[rehearsal]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    env = environment(AWS_CONFIG_FILE=str(config), AWS_SHARED_CREDENTIALS_FILE=str(keys))

    done = checkout.run("--profile", "rehearsal", "status", "--region", "eu-central-1", env=env)

    assert done.returncode == 0, done.stderr
    assert "account 123456789012, region eu-central-1" in done.stdout
    assert "nothing is deployed in this account and region" in done.stdout


def test_certificates_for_other_names_are_replaced_only_when_told(checkout: Checkout) -> None:
    generate(checkout.certificates)
    before = (checkout.certificates / "ca.pem").read_bytes()

    asked = checkout.run("generate_secrets")
    told = checkout.run("generate_secrets", "--yes")

    assert asked.returncode == 1
    assert "give --yes" in asked.stderr
    assert told.returncode == 0
    assert (checkout.certificates / "ca.pem").read_bytes() != before
    assert "kept" in checkout.run("generate_secrets").stdout


def test_expired_certificates_are_made_anew_without_a_question(checkout: Checkout) -> None:
    made = generate(checkout.certificates, hosts=["mock-mq.bridge.internal"], days=0)

    done = checkout.run("generate_secrets")

    assert done.returncode == 0
    until = valid_until(made)
    assert until is not None
    assert until > datetime.now(UTC)
