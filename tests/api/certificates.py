# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers with certificates of an authority that a test makes up, with ``openssl``. Plain Python, no ``bpy``."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
from pathlib import Path

from tests.api.raw_server import RawServer, Serve, Visit

_CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
CN = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
subjectAltName = {names}
"""


class Authority:
    """An authority that no system knows.

    :param folder: where its files lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / "authority.pem"
        (folder / "index.txt").write_text("", encoding="utf-8")
        (folder / "serial").write_text("1000\n", encoding="utf-8")
        config = self._config("Triverse Test Authority", "DNS:none.invalid")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        _openssl(
            *("req", "-x509", *key, "-config", str(config), "-extensions", "authority", "-days", "30"),
            *("-keyout", str(folder / "authority.key"), "-out", str(self.certificate)),
        )

    def issue(self, names: str, *, begins: str = "20200101000000Z", ends: str = "20991231235959Z") -> Path:
        """Return a file with a server's key and certificate.

        :param names: as OpenSSL writes them: ``DNS:localhost,IP:127.0.0.1``.
        :param begins: the first moment at which it is valid.
        :param ends: the last one.
        """
        stem = f"server-{len(list(self._folder.glob('server-*.pem')))}"
        request, key, made = (self._folder / f"{stem}.{suffix}" for suffix in ("csr", "key", "crt"))
        config = self._config("server", names)
        pair = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key)]
        _openssl("req", "-new", *pair, "-config", str(config), "-out", str(request))
        _openssl(
            *("ca", "-batch", "-notext", "-config", str(config), "-extensions", "server", "-in", str(request)),
            *("-cert", str(self.certificate), "-keyfile", str(self._folder / "authority.key"), "-out", str(made)),
            *("-startdate", begins, "-enddate", ends),
        )
        whole = self._folder / f"{stem}.pem"
        whole.write_bytes(key.read_bytes() + made.read_bytes())
        return whole

    def hashed_name(self) -> str:
        """Return the name under which OpenSSL finds the authority in a folder."""
        said = _openssl("x509", "-hash", "-noout", "-in", str(self.certificate))
        return f"{said.decode().strip()}.0"

    def _config(self, name: str, names: str) -> Path:
        path = self._folder / "openssl.cnf"
        path.write_text(_CONFIG.format(name=name, folder=self._folder, names=names), encoding="utf-8")
        return path


def _openssl(*arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


class SecureServer(RawServer):
    """A `RawServer` that speaks TLS.

    :param certificate: a file of `Authority.issue`.
    """

    def __init__(self, certificate: Path, serve: Serve) -> None:
        super().__init__(serve)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)

    @property
    def url(self) -> str:
        """A base address as for the service."""
        return f"https://127.0.0.1:{self.port}/api/v1"

    def _run(self, visit: Visit) -> None:
        with visit.connection, contextlib.suppress(OSError):
            visit.connection = self._context.wrap_socket(visit.connection, server_side=True)
            with visit.connection:
                self._serve(visit)
