"""Credentials: what is taken, and what is said of those that can't be used."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from bridge.configuration import ConfigurationError, load
from bridge.credentials import Credentials, CredentialsError, from_directory, from_json
from tests.bridge.pem import Pair, ec_key, issue, rsa_key

CANARY = "hunter2"


@pytest.fixture(scope="module")
def ca() -> Pair:
    return issue("CA", ec_key())


@pytest.fixture(scope="module")
def client(ca: Pair) -> Pair:
    return issue("bridge", rsa_key(), ca)


def secret(authority: Pair, client: Pair, /, **changed: object) -> dict[str, object]:
    return {"certificate": client.pem, "private_key": client.key_pem, "ca": authority.pem, **changed}


def refusal(found: object) -> str:
    with pytest.raises(CredentialsError) as caught:
        from_json(found if isinstance(found, str) else json.dumps(found))
    told = "".join(traceback.format_exception(caught.value))
    assert CANARY not in told
    assert "-----BEGIN" not in told.replace("-----BEGIN CERTIFICATE-----\n", "").replace(
        "starts with -----BEGIN", ""
    ), "no content, only what it should start with"
    assert "\n" not in str(caught.value)
    assert ": " in str(caught.value), "what is wrong and what to do"
    return str(caught.value)


def test_given_a_whole_secret_when_read_then_every_part_is_there(ca: Pair, client: Pair) -> None:
    found = secret(ca, client, user="bridge", password=CANARY)
    assert from_json(json.dumps(found)) == Credentials(
        certificate=client.pem, private_key=client.key_pem, ca=ca.pem, user="bridge", password=CANARY
    )


def test_given_credentials_when_printed_in_any_way_then_nothing_shows(ca: Pair, client: Pair) -> None:
    credentials = from_json(json.dumps(secret(ca, client, user="u", password=CANARY)))
    for text in (repr(credentials), str(credentials), f"{credentials}", repr([credentials])):
        assert text.strip("[]") == "Credentials(...)"


@pytest.mark.parametrize(
    "form",
    [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL],
)
@pytest.mark.parametrize("passphrase", ["", CANARY])
def test_given_a_key_in_any_usual_form_when_read_then_it_opens(
    ca: Pair, form: PrivateFormat, passphrase: str
) -> None:
    for key in (rsa_key(), ec_key()):
        pair = issue("bridge", key, ca)
        text = pair.key_in(form, passphrase)
        credentials = from_json(
            json.dumps(secret(ca, pair, private_key=text, private_key_passphrase=passphrase))
        )
        opened = credentials.key()
        assert opened is not None
        assert opened.public_key() == pair.certificate.public_key()


def test_given_user_and_password_or_ca_alone_when_read_then_they_do(ca: Pair) -> None:
    assert from_json('{"user": "u", "password": "p"}') == Credentials(user="u", password="p")
    assert len(from_json(json.dumps({"ca": ca.pem + ca.pem})).authorities()) == 2


def test_given_a_bundle_with_an_expired_ca_beside_a_good_one_when_read_then_it_does(ca: Pair) -> None:
    old = issue("old CA", ec_key(), starts=-30, ends=-1)
    assert len(from_json(json.dumps({"ca": old.pem + ca.pem})).authorities()) == 2


def test_given_parts_that_are_wrong_when_read_then_each_is_told_in_a_sentence(ca: Pair, client: Pair) -> None:
    other = issue("other", ec_key(), ca)
    locked = client.key_in(PrivateFormat.PKCS8, CANARY)
    old_locked = client.key_in(PrivateFormat.TraditionalOpenSSL, CANARY)
    expired = issue("bridge", client.key, ca, starts=-30, ends=-1)
    future = issue("bridge", client.key, ca, starts=2)
    damaged = client.pem.replace("M", "*", 5)
    edwards = ed25519.Ed25519PrivateKey.generate()
    odd = Pair(client.certificate, edwards)
    cases: dict[str, dict[str, object]] = {
        "certificate is not PEM: give PEM text": {"certificate": CANARY},
        "certificate is a private key": {"certificate": client.key_pem},
        "certificate is damaged PEM": {"certificate": damaged},
        "private_key is not PEM": {"private_key": CANARY},
        "private_key is a certificate": {"private_key": client.pem},
        "private_key is damaged PEM": {"private_key": client.key_pem.replace("M", "*", 5)},
        "private_key is encrypted: give private_key_passphrase": {"private_key": locked},
        "private_key is encrypted: give": {"private_key": old_locked},
        "private_key does not open: check private_key_passphrase": {
            "private_key": locked,
            "private_key_passphrase": CANARY + "x",
        },
        "private_key does not open: check": {
            "private_key": old_locked,
            "private_key_passphrase": CANARY + "x",
        },
        "private_key does not belong to certificate: give the pair": {"certificate": other.pem},
        "certificate: put the client's certificate first": {"certificate": ca.pem + client.pem},
        "private_key is of a kind that MQ does not use": {"private_key": odd.key_pem},
        f"certificate expired on {expired.certificate.not_valid_after_utc.date()}: give a new one": {
            "certificate": expired.pem
        },
        "certificate is valid from": {"certificate": future.pem},
        "ca is missing: give the CA certificate": {"ca": ""},
        "ca is not PEM": {"ca": CANARY},
        "private_key is missing": {"private_key": None},
        "certificate is missing": {"certificate": ""},
        "user is missing": {"password": CANARY},
        "password is missing": {"user": "u"},
        "password in the secret is not text": {"password": 2},
        "keys that are not known: it may have certificate, private_key, ca": {CANARY: CANARY},
    }
    for words, changed in cases.items():
        assert words in refusal(secret(ca, client, **changed)), words


def test_given_an_expired_ca_when_read_then_it_is_said(client: Pair) -> None:
    old = issue("CA", ec_key(), starts=-30, ends=-1)
    assert refusal(secret(old, client)).startswith("ca expired on ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CANARY, "the secret is not JSON: store an object with certificate, private_key, ca"),
        ('{"password": "hunter2"', "the secret is not JSON"),
        ("[" * 100_000, "the secret is not JSON"),
        ('["hunter2"]', "the secret is not a JSON object"),
        ("{}", "the credentials are empty"),
        ('{"user": null}', "the credentials are empty"),
        ('{"ca": "-----BEGIN CERTIFICATE-----\\ud800"}', "ca is damaged PEM"),
        (" " * 300_000, "the secret is larger"),
    ],
    ids=["text", "cut short", "deep", "a list", "nothing", "null", "a lone surrogate", "large"],
)
def test_given_what_is_no_secret_when_read_then_it_is_said(text: str, words: str) -> None:
    assert refusal(text).startswith(words)


def directory_with(path: Path, **files: str) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / name.replace("_pem", ".pem")).write_text(text)
    return path


def test_given_a_directory_when_read_then_it_is_as_the_secret(tmp_path: Path, ca: Pair, client: Pair) -> None:
    path = directory_with(
        tmp_path,
        certificate_pem=client.pem,
        private_key_pem=client.key_in(PrivateFormat.PKCS8, CANARY),
        ca_pem=ca.pem,
        private_key_passphrase=CANARY + "\n",
        user="bridge\r\n",
        password=" blanks kept ",
    )
    credentials = from_directory(path)
    assert (credentials.user, credentials.password) == ("bridge", " blanks kept ")
    assert credentials.key() is not None
    assert [one.subject for one in credentials.chain()] == [client.certificate.subject]


def test_given_a_directory_that_can_not_be_used_when_read_then_it_is_said(
    tmp_path: Path, client: Pair
) -> None:
    der = directory_with(tmp_path / "der")
    (der / "ca.pem").write_bytes(client.certificate.public_bytes(Encoding.DER))
    nested = directory_with(tmp_path / "nested")
    (nested / "ca.pem").mkdir()
    large = directory_with(tmp_path / "large", ca_pem="x" * 300_000)
    for path, words in {
        tmp_path / "none": "there is no directory",
        directory_with(tmp_path / "empty"): "holds no credentials: put ca.pem",
        tmp_path / "x\0y": "holds a NUL character",
        tmp_path / ("x" * 300): "can't be read",
        der: "is not text: convert it to PEM",
        nested: "ca.pem is not a file",
        large: "is larger than such a file can be",
        der / "ca.pem": "is not a directory",
    }.items():
        with pytest.raises(CredentialsError) as caught:
            from_directory(path)
        assert words in str(caught.value)


def configuration(directory: Path, *more: str) -> str:
    lines = [
        "queue_manager:",
        "  name: QM1",
        "  connections: [mq(1414)]",
        "  channel: C",
        f"  credentials: file:{directory}",
        *(f"  {line}" for line in more),
        "dead_letters: {bucket: dead}",
        "routes: [{name: a, from: {mq: A}, to: {sqs: b}}]",
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("cipher_spec: ANY_TLS13", ""),
        ('cipher_spec: ""', ""),
        (
            "heartbeat: 5",
            "without cipher_spec the connection is plain text: add cipher_spec: ANY_TLS12_OR_HIGHER",
        ),
    ],
)
def test_given_a_directory_with_a_certificate_when_configured_then_tls_must_be_meant(
    tmp_path: Path, ca: Pair, client: Pair, more: str, words: str
) -> None:
    path = directory_with(
        tmp_path / "c", certificate_pem=client.pem, private_key_pem=client.key_pem, ca_pem=ca.pem
    )
    text = configuration(path, more)
    if not words:
        assert load(None, {"BRIDGE_CONFIG": text}).queue_manager.credentials is not None
        return
    with pytest.raises(ConfigurationError) as caught:
        load(None, {"BRIDGE_CONFIG": text})
    assert str(caught.value).startswith("BRIDGE_CONFIG:5: queue_manager.credentials: ")
    assert words in str(caught.value)


def test_given_a_directory_without_a_ca_when_tls_is_configured_then_it_is_said(tmp_path: Path) -> None:
    path = directory_with(tmp_path / "c", user="u", password=CANARY)
    with pytest.raises(ConfigurationError) as caught:
        load(None, {"BRIDGE_CONFIG": configuration(path, "cipher_spec: ANY_TLS13")})
    assert "BRIDGE_CONFIG:5: queue_manager.credentials: the directory holds no ca.pem" in str(caught.value)
    assert CANARY not in str(caught.value)
