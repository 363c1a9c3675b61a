# SPDX-License-Identifier: GPL-3.0-or-later
"""
Which certificates are believed, and what a refused one means in words.

Ground floor; worker threads; no ``bpy``. Imports certifi and truststore.

The authorities of the operating system are believed (``truststore``), because studios and virus scanners install
theirs there. Nothing is injected into ``ssl``: other add-ons keep theirs.
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
"""A file or folder that takes the place of everything else; the first that is set counts."""

_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""What OpenSSL reads in place of the system's; both count."""

_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat, Rocky, Fedora
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # newest Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, BSD
)

# OpenSSL's numbers (x509_vfy.h), and what Windows and macOS answer through truststore.
_NOT_YET = frozenset({9})
_EXPIRED = frozenset({10, 0x800B0101, -67818})
_OTHER_HOST = frozenset({62, 64, 0x800B010F, -67602})
_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21, 27, 0x800B0109, 0x800B010A, 0x800B0112, -67843})


def secure_context() -> ssl.SSLContext:
    """
    Return the settings of one secure connection at a time: truststore keeps its context locked in a handshake.

    :raises ConnectError: a variable of the environment names certificates that cannot be read.
    """
    named = _named()
    if named:
        return _context_of(named)
    try:
        from truststore import SSLContext

        context: ssl.SSLContext = SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    except (ImportError, OSError, NotImplementedError):  # an older system, or one that it does not know
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=certifi.where())
        return context
    if sys.platform not in ("win32", "darwin"):
        # Portable Blenders set SSL_CERT_FILE to a certifi of their own (bpy_interface.cc), and OpenSSL, so truststore
        # too, then looks nowhere else.
        system = next((path for path in _SYSTEM_FILES if os.path.isfile(path)), None)
        if system is not None or not _openssl_finds_any():
            context.load_verify_locations(cafile=system or certifi.where())
    return context


def certificate_problem(error: BaseException | None, host: str) -> Sentence | None:
    """
    Return what is wrong with the certificate of ``host``; None if ``error`` is about something else.

    :param error: of ssl, or one that was made of it by urllib3 and requests.
    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _refused(getattr(cause, "verify_code", 0), str(getattr(cause, "verify_message", "") or cause), host)
    return None


def is_tls_problem(error: BaseException | None) -> bool:
    """Tell whether no secure connection could be agreed on."""
    return any(isinstance(cause, ssl.SSLError) for cause in _causes(error))


def no_secure_connection(host: str) -> Sentence:
    """Return what to say when no secure connection could be agreed on, and no certificate is the cause."""
    return Sentence.of(
        "No secure connection to {host} could be made. "
        "Check the network, any proxy, and the service address in the preferences.",
        host=host,
    )


# -----------------------------------------------------------------------------
# Details


def _named() -> list[tuple[str, str]]:
    """Return the variables with which a person chose authorities, and what they name."""
    bundle = next((found for found in _set(_BUNDLES)), None)
    return [bundle] if bundle is not None else list(_set(_OPENSSL))


def _set(variables: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for variable in variables:
        path = os.environ.get(variable, "").strip()
        # A list of certifi's is nobody's choice: Blender and add-ons set it for Pythons that find no authorities.
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
            except OSError:  # ssl.SSLError is one
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
    """Yield an error and all that it was made of: requests and urllib3 keep that in different places."""
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
