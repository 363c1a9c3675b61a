# SPDX-License-Identifier: GPL-3.0-or-later
"""
Selects the trusted certificate authorities, and explains certificate errors.

Ground floor; worker threads; no ``bpy``. Imports certifi and truststore.

The authorities of the operating system are trusted (``truststore``), because studios and virus scanners install their
own there. Nothing is injected into ``ssl``, so other add-ons are not affected.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import PurePath

import certifi

from .errors import ConnectError
from .sentence import Sentence
from .urls import clean

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables with a file or folder that replaces all other authorities; the first one that is set counts."""

_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that OpenSSL reads instead of the system's authorities; both count."""

_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat, Rocky, Fedora
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # newest Fedora
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, BSD
)

# Error numbers of OpenSSL (x509_vfy.h), and those of Windows and macOS, which truststore returns.
_NOT_YET = frozenset({9})
_EXPIRED = frozenset({10, 0x800B0101, -67818})
_OTHER_HOST = frozenset({62, 64, 0x800B010F, -67602})
_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21, 27, 0x800B0109, 0x800B010A, 0x800B0112, -67843})


def secure_context() -> ssl.SSLContext:
    """
    Return a new SSL context. Do not use it for two connections at once: truststore locks it during a handshake.

    :raises ConnectError: an environment variable names certificates that cannot be read.
    """
    named = _named()
    if named:
        return _context_of(named)
    try:
        from truststore import SSLContext

        context: ssl.SSLContext = SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    except (ImportError, OSError, NotImplementedError):  # an old or unknown system
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=certifi.where())
        return context
    if sys.platform not in ("win32", "darwin"):
        # Portable Blenders set SSL_CERT_FILE to a certifi of their own (bpy_interface.cc). OpenSSL, and so truststore,
        # then looks nowhere else.
        system = next((path for path in _SYSTEM_FILES if os.path.isfile(path)), None)
        if system is not None or not _openssl_finds_any():
            context.load_verify_locations(cafile=system or certifi.where())
    return context


def certificate_problem(error: BaseException | None, host: str) -> Sentence | None:
    """
    Return what is wrong with the certificate of ``host``; None if ``error`` has another cause.

    :param error: an exception of ssl, or one of urllib3 or requests that wraps it.
    :param host: the host name, for the message.
    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _refused(getattr(cause, "verify_code", 0), str(getattr(cause, "verify_message", "") or cause), host)
    return None


def is_tls_problem(error: BaseException | None) -> bool:
    """Return whether TLS is the cause of an error."""
    return any(isinstance(cause, ssl.SSLError) for cause in _causes(error))


def no_secure_connection(host: str) -> Sentence:
    """Return the message for a failed TLS handshake that is not caused by a certificate."""
    return Sentence.of(
        "No secure connection to {host} could be made. "
        "Check the network, any proxy, and the service address in the preferences.",
        host=host,
    )


# -----------------------------------------------------------------------------
# Details


def _named() -> list[tuple[str, str]]:
    """Return the environment variables with which the user chose certificate authorities, and their values."""
    bundle = next((found for found in _set(_BUNDLES)), None)
    return [bundle] if bundle is not None else list(_set(_OPENSSL))


def _set(variables: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for variable in variables:
        path = os.environ.get(variable, "").strip()
        # A path into certifi is not the user's choice: Blender and add-ons set it for Pythons without authorities.
        if path and PurePath(path).parts[-2:] != ("certifi", "cacert.pem"):
            yield variable, path


def _context_of(named: list[tuple[str, str]]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found = False
    for variable, path in named:
        for one in path.split(os.pathsep) if variable == "SSL_CERT_DIR" else [path]:
            try:
                if os.path.isdir(one):
                    context.load_verify_locations(capath=one)
                else:
                    context.load_verify_locations(cafile=one)
            except OSError:  # includes ssl.SSLError
                continue
            found = True
    if not found:
        variable, path = named[0]
        raise ConnectError(
            Sentence.of(
                "The certificates that {variable} names cannot be read: {path}. Correct or remove this variable.",
                variable=variable,
                path=clean(path, 200),
            )
        )
    return context


def _openssl_finds_any() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or bool(paths.capath and os.listdir(paths.capath))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all its causes, which requests and urllib3 store in different attributes."""
    queue: list[object] = [error]
    seen: set[int] = set()
    while queue:
        cause = queue.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            queue += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def _refused(code: int, message: str, host: str) -> Sentence:
    if code in _EXPIRED or "expired" in message.lower():
        return Sentence.of(
            "The certificate of {host} has expired. Check the date of this computer. If it is right, try again later.",
            host=host,
        )
    if code in _NOT_YET or "not yet valid" in message.lower():
        return Sentence.of("The certificate of {host} is not valid yet. Check the date of this computer.", host=host)
    if code in _OTHER_HOST:
        return Sentence.of(
            "The certificate of what answered is not one of {host}. "
            "Check the network, any proxy, and the service address in the preferences.",
            host=host,
        )
    if code in _UNKNOWN_ISSUER:
        return Sentence.of(
            "The certificate of {host} comes from an authority that this computer does not know. If your network has "
            "one of its own, install it in the system, or name its file in the variable SSL_CERT_FILE.",
            host=host,
        )
    return Sentence.of(
        "There is no secure connection to {host}: its certificate is not accepted ({reason}).",
        host=host,
        reason=clean(message, 120).rstrip("."),
    )
