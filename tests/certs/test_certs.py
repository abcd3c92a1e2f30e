"""`python -m certs`, as its user types it: what it makes serves TLS, is private, and is kept while valid."""

from __future__ import annotations

import ssl
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_connection, create_server

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from certs import Generated, generate

_WITHIN = 10.0


def certs(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "certs", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    out = tmp_path_factory.mktemp("certs") / "new" / "out"
    done = certs("--out", str(out), "--host", "queue-manager.test", "--host", "::1")
    assert done.returncode == 0, done.stderr
    assert str(out / "ca.pem") in done.stdout
    return Generated(out)


def context(made: Path, ca: Path, *, server: bool) -> ssl.SSLContext:
    """One side's; it insists on the other's certificate."""
    side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    side.load_cert_chain(made / "certificate.pem", made / "private_key.pem")
    side.load_verify_locations(ca)
    side.verify_mode = ssl.CERT_REQUIRED
    return side


@dataclass
class Met:
    """What each side learned of the other: its common name, or why there was no connection."""

    by_client: str = ""
    by_server: str = ""
    refused: list[str] = field(default_factory=list)


def common_name(connection: ssl.SSLSocket) -> str:
    der = connection.getpeercert(binary_form=True)
    assert der is not None
    (name,) = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> Met:
    """A handshake on a real socket, and one byte each way: only that shows that both agreed."""
    met = Met()

    def serve() -> None:
        plain, _ = listening.accept()
        plain.settimeout(_WITHIN)
        try:
            with server.wrap_socket(plain, server_side=True) as accepted:
                met.by_server = common_name(accepted)
                accepted.sendall(accepted.recv(1))
        except OSError as e:
            met.refused.append(f"server: {e}")

    with create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        plain = create_connection(listening.getsockname(), timeout=_WITHIN)
        try:
            with client.wrap_socket(plain, server_hostname=host) as connected:
                connected.sendall(b"!")
                assert connected.recv(1) == b"!"
                met.by_client = common_name(connected)
        except OSError as e:
            met.refused.append(f"client: {e}")
        thread.join(_WITHIN)
    return met


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "mock-mq", "queue-manager.test", "::1"])
def test_both_sides_meet_in_mutual_tls_under_every_name_of_the_server(made: Generated, host: str) -> None:
    met = shake_hands(
        context(made.server, made.ca, server=True), context(made.bridge, made.ca, server=False), host
    )
    assert (met.by_client, met.by_server, met.refused) == ("mock-mq", "bridge", [])


def test_a_name_that_the_server_was_not_given_is_refused(made: Generated) -> None:
    met = shake_hands(
        context(made.server, made.ca, server=True),
        context(made.bridge, made.ca, server=False),
        "elsewhere.test",
    )
    assert any("doesn't match" in each or "mismatch" in each for each in met.refused), met
    assert met.by_client == ""


def test_a_client_of_another_ca_is_refused(made: Generated, tmp_path: Path) -> None:
    other = generate(tmp_path)
    met = shake_hands(
        context(made.server, made.ca, server=True), context(other.bridge, made.ca, server=False), "localhost"
    )
    assert any(each.startswith("server: ") for each in met.refused), met
    assert met.by_server == ""


def test_the_client_s_certificate_can_t_be_a_server_s(made: Generated) -> None:
    met = shake_hands(
        context(made.bridge, made.ca, server=True), context(made.bridge, made.ca, server=False), "localhost"
    )
    assert met.by_client == ""
    assert met.refused


def test_only_the_owner_can_read_the_keys(made: Generated) -> None:
    for directory in (made.directory, made.server, made.bridge):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700, directory
    keys = sorted(path for path in made.directory.rglob("*.pem") if "PRIVATE KEY" in path.read_text())
    assert keys == [made.bridge / "private_key.pem", made.server / "private_key.pem"]
    for key in keys:
        assert stat.S_IMODE(key.stat().st_mode) == 0o600, key


def contents(made: Generated) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in made.directory.rglob("*.pem")}


@pytest.fixture
def own(tmp_path: Path) -> Generated:
    return generate(tmp_path / "out", days=3)


def test_valid_ones_are_kept_unless_new_ones_are_asked_for(own: Generated) -> None:
    before = contents(own)
    done = certs("--out", str(own.directory))
    assert done.returncode == 0
    assert f"valid until {datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}: kept" in done.stdout
    assert "--force" in done.stdout
    assert contents(own) == before
    assert certs("--out", str(own.directory), "--force").returncode == 0
    after = contents(own)
    assert after.keys() == before.keys()
    assert [path for path in before if after[path] == before[path]] == []


def test_valid_ones_that_lack_a_name_asked_for_are_neither_kept_silently_nor_overwritten(
    own: Generated,
) -> None:
    before = contents(own)
    done = certs("--out", str(own.directory), "--host", "localhost", "--host", "mq.test")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith("but not for mq.test: --force makes new ones")
    assert contents(own) == before
    assert certs("--out", str(own.directory), "--host", "mq.test", "--force").returncode == 0
    assert certs("--out", str(own.directory), "--host", "mq.test").returncode == 0


def test_a_directory_that_was_there_before_stays_as_open_as_it_was(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert certs("--out", str(tmp_path)).returncode == 0
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "bridge").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "spoil",
    [
        "expire",
        "delete the key",
        "garble the certificate",
        "mix two",
        "another CA's",
        "swap the key",
        "garble a key",
    ],
)
def test_what_is_no_longer_usable_is_made_anew(own: Generated, tmp_path: Path, spoil: str) -> None:
    match spoil:
        case "expire":
            generate(own.directory, days=0)
        case "delete the key":
            (own.bridge / "private_key.pem").unlink()
        case "mix two":  # as a run does that was interrupted
            own.ca.write_bytes(generate(tmp_path / "other").ca.read_bytes())
        case "another CA's":
            other = generate(tmp_path / "other")
            for name in ("certificate.pem", "private_key.pem"):
                (own.bridge / name).write_bytes((other.bridge / name).read_bytes())
        case "swap the key":
            (own.bridge / "private_key.pem").write_bytes((own.server / "private_key.pem").read_bytes())
        case "garble a key":
            (own.server / "private_key.pem").write_text("not a key")
        case _:
            (own.server / "certificate.pem").write_text("not a certificate")
    done = certs("--out", str(own.directory), "--days", "7")
    assert (done.returncode, "valid for 7 days" in done.stdout) == (0, True), done
    certificate = x509.load_pem_x509_certificate((own.server / "certificate.pem").read_bytes())
    assert timedelta(days=6) < certificate.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=7)
    met = shake_hands(
        context(own.server, own.ca, server=True), context(own.bridge, own.ca, server=False), "localhost"
    )
    assert met.refused == []


def test_where_it_can_t_write_it_says_so_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = certs("--out", str(tmp_path / "file"))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"certs: {tmp_path / 'file'}: File exists"]
