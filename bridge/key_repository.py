"""The key repository that MQ's client reads: a PKCS#12 file made from PEM, in a private directory.

MQ's client reads PKCS#12 since 9.3; the password is handed to it in MQSCO or `MQKEYRPWD` (IBM MQ 9.3,
"Supplying the key repository password for an IBM MQ MQI client").
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from bridge.credentials import Credentials, CredentialsError

DEFAULT_LABEL = "ibmwebspheremqbridge"
"""MQ's client looks for `ibmwebspheremq` and its user's name unless it is told a label: tell it this one."""


class KeyRepository:
    """A PKCS#12 key repository with the client's certificate and key, if any, and the CAs; gone on exit.

    `path` is the file, whose name ends in .p12, `password` opens it and was made for it, `label` is the
    certificate's. What a crash leaves behind nobody can open, as the password is kept nowhere else.
    Raises `CredentialsError` where the credentials hold no CA, `OSError` where the file can't be written.
    """

    def __init__(self, credentials: Credentials, label: str = DEFAULT_LABEL) -> None:
        self.label = label
        # Letters and digits only: nothing that an environment variable or a length in bytes could change.
        self.password = secrets.token_hex(24)
        content = _content(credentials, label, self.password)
        self._directory = Path(tempfile.mkdtemp(prefix="bridge-"))  # mode 0700
        self.path = self._directory / "key.p12"
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
        except OSError:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"KeyRepository(label={self.label!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes the file and its directory; may be called again."""
        shutil.rmtree(self._directory, ignore_errors=True)


def _content(credentials: Credentials, label: str, password: str) -> bytes:
    authorities = credentials.authorities()
    if not authorities:
        raise CredentialsError("ca is missing: give the CA certificate that signed the queue manager's")
    key, chain = credentials.key(), credentials.chain()
    trusted = dict.fromkeys((*authorities, *chain[1:]))
    # PBES2 with AES-256 and HMAC-SHA256 is what OpenSSL 3 writes; 3DES and SHA-1 are refused under FIPS.
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(20_000)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(SHA256())
        .build(password.encode())
    )
    return pkcs12.serialize_key_and_certificates(
        label.encode(),
        key,
        chain[0] if chain else None,
        # Each has a label of its own: MQ's tools list and find certificates by label.
        [pkcs12.PKCS12Certificate(one, f"ca{number}".encode()) for number, one in enumerate(trusted, 1)],
        encryption,
    )
