# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are believed and what a refused one is called, over both ways to the service. No ``bpy``."""

from __future__ import annotations

import importlib
import socket
import ssl
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
import requests
from urllib3.util.ssltransport import SSLTransport

from tests.api.certificates import Authority, SecureServer
from tests.api.raw_server import KEY, PATIENCE_S, RawServer, Serve, Visit, answering
from triverse_addon.api import cancellable_http, proxies, tls
from triverse_addon.api.cancellable_http import Guard
from triverse_addon.api.client import Client
from triverse_addon.api.deadlines import Deadlines
from triverse_addon.api.errors import BadAnswerError, ConnectError, ConnectionLostError
from triverse_addon.api.websocket import snapshot

pytestmark = pytest.mark.kind("networks")

BALANCE = {"code": 0, "message": "success", "data": {"balance": 7, "frozen": 0}}
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no certificates and no proxies."""
    for name in (*VARIABLES, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def refusing(visit: Visit) -> None:
    """Answer a WebSocket's question with HTML, which says that the connection stood."""
    if visit.read_request():
        visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


def by_request(url: str) -> None:
    with Client(url, KEY) as client:
        assert client.balance().balance == 7


def by_websocket(url: str) -> None:
    with pytest.raises(BadAnswerError):
        snapshot(url, KEY, None)


WAYS = pytest.mark.parametrize(
    ("way", "serve"), [(by_request, answering(BALANCE)), (by_websocket, refusing)], ids=["request", "websocket"]
)
Way = Callable[[str], None]


@WAYS
@pytest.mark.parametrize("variable", VARIABLES)
def test_certificates_that_the_environment_names(
    way: Way,
    serve: Serve,
    variable: str,
    authority: Authority,
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = authority.certificate
    if variable == "SSL_CERT_DIR":
        path = tmp_path / authority.hashed_name()
        path.write_bytes(authority.certificate.read_bytes())
        path = tmp_path
    monkeypatch.setenv(variable, str(path))
    with SecureServer(good, serve) as server:
        way(server.url)


@WAYS
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there the system is asked by its own functions")
@pytest.mark.parametrize("inside", ["nothing", "the list of Blender's own certifi"])
def test_certificates_of_the_system(
    way: Way, serve: Serve, inside: str, authority: Authority, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Portable Blenders set SSL_CERT_FILE to their certifi, and truststore then looks nowhere else."""
    monkeypatch.setattr(tls, "_SYSTEM_FILES", ("/nowhere/at-all.pem", str(authority.certificate)))
    if inside != "nothing":
        monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    with SecureServer(good, serve) as server:
        way(server.url)


class SocksError(OSError):
    socket_err = None


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """Install a library for SOCKS whose proxy is the server that it connects to, and note what is asked of it."""
    asked: list[tuple[str, int]] = []

    def create_connection(
        place: tuple[str, int], *, proxy_addr: str, proxy_port: int, **_more: object
    ) -> socket.socket:
        asked.append(place)
        return socket.create_connection((proxy_addr, proxy_port))

    library = types.ModuleType("socks")
    library.__dict__.update(
        PROXY_TYPE_SOCKS4=1, PROXY_TYPE_SOCKS5=2, ProxyError=SocksError, create_connection=create_connection
    )
    monkeypatch.setitem(sys.modules, "socks", library)
    monkeypatch.setattr(proxies, "find_spec", lambda name: name == "socks")
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "urllib3.contrib.socks", raising=False)
        manager = importlib.import_module("urllib3.contrib.socks").SOCKSProxyManager
        patch.setattr(requests.adapters, "SOCKSProxyManager", manager)
        yield asked
    cancellable_http._socks_pools.cache_clear()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS4"])
def test_a_socks_proxy_carries_requests_where_its_library_is(
    dialled: list[tuple[str, int]], scheme: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    certificate = authority.issue("DNS:service.invalid,DNS:files.invalid")
    with SecureServer(certificate, answering(BALANCE)) as server:
        monkeypatch.setenv("https_proxy", f"{scheme}://127.0.0.1:{server.port}")
        with Client("https://service.invalid/api/v1", KEY) as client:
            assert client.balance().balance == 7
            # Only the proxy may know this name.
            client.open_asset("https://files.invalid/model.glb").close()
    assert dialled == [("service.invalid", 443), ("files.invalid", 443)]


@pytest.mark.usefixtures("dialled")
def test_a_socks_proxy_is_no_way_past_certificates(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with SecureServer(authority.issue("DNS:service.invalid"), answering(BALANCE)) as server:
        monkeypatch.setenv("https_proxy", f"socks5://127.0.0.1:{server.port}")
        with Client("https://service.invalid/api/v1", KEY) as client, pytest.raises(ConnectError) as caught:
            client.balance()
        assert server.requests == []
    assert not caught.value.sent


def test_nothing_encrypted_is_taken_for_a_part_of_a_file_when_blender_is_closed(
    authority: Authority, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would lie in the middle of the model when the download is resumed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))

    def serve(visit: Visit) -> None:
        visit.read_request()
        visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(500):
            visit.send(b"A" * 100_000)

    with SecureServer(good, serve) as server, Client(server.url, KEY) as client:
        body = client.read_file(client.open_asset(f"{server.url}/model.glb"), 65536)
        assert set(next(body)) == {ord("A")}
        time.sleep(0.3)  # more has arrived than was read
        client.close()
        with pytest.raises(ConnectionLostError):
            next(body)


def test_a_request_through_tls_in_tls_can_be_cancelled() -> None:
    """Through a proxy that is spoken to by TLS: urllib3 puts an object of its own in the place of the socket."""
    deadlines = Deadlines()
    for by in ("deadline", "close"):
        one, other = socket.socketpair()
        with one, other, Guard(deadlines) as guard:
            tunnel = SSLTransport.__new__(SSLTransport)
            tunnel.socket = one
            guard.attach(tunnel, reused=False)
            if by == "close":
                guard.cancel("close")
            else:
                guard.set_deadline(0.01)
            other.settimeout(PATIENCE_S)
            assert other.recv(1) == b""
            assert guard.cancelled_by == by
    deadlines.close()


def test_a_list_of_certifi_is_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where truststore cannot work, and where Linux has no list, the shipped one is believed."""
    loaded: list[str] = []

    class Context(ssl.SSLContext):
        def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
            loaded.append(str(cafile))

    monkeypatch.setattr(tls.ssl, "SSLContext", Context)
    monkeypatch.setitem(sys.modules, "truststore", None)  # importing it fails
    tls.secure_context()
    assert loaded == [certifi.where()]


def test_a_linux_without_any_list_believes_certifi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import truststore

    loaded: list[str] = []

    class Context(truststore.SSLContext):
        def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
            loaded.append(str(cafile))

    monkeypatch.setattr(truststore, "SSLContext", Context)
    monkeypatch.setattr(tls.sys, "platform", "linux")
    monkeypatch.setattr(tls, "_SYSTEM_FILES", ())
    monkeypatch.setattr(tls, "_openssl_finds_any", lambda: False)
    tls.secure_context()
    assert loaded == [certifi.where()]


def test_nothing_is_injected_into_other_addons(good: Path) -> None:
    before = ssl.SSLContext
    with SecureServer(good, answering(BALANCE)) as server, pytest.raises(ConnectError):
        by_request(server.url)
    assert ssl.SSLContext is before
    assert ssl.SSLContext.__module__ == "ssl"


@WAYS
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_that_names_nothing_is_named(
    way: Way, serve: Serve, variable: str, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "moved.pem"))
    with SecureServer(good, serve) as server:
        with pytest.raises(ConnectError) as caught:
            way(server.url)
        assert server.requests == []
    assert variable in str(caught.value)
    assert "moved.pem" in str(caught.value)


@WAYS
@pytest.mark.parametrize(
    ("case", "words", "blames_the_date"),
    [
        ("expired", "has expired", True),
        ("not yet", "is not valid yet", True),
        ("another host", "is not one of 127.0.0.1", False),
        ("unknown authority", "an authority that this computer does not know", False),
        ("no TLS at all", "No secure connection to 127.0.0.1", False),
    ],
)
def test_a_certificate_is_refused_for_its_own_reason(
    way: Way,
    serve: Serve,
    case: str,
    words: str,
    blames_the_date: bool,
    authority: Authority,
    good: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate = good
    if case == "expired":
        certificate = authority.issue("IP:127.0.0.1", ends="20200201000000Z")
    elif case == "not yet":
        certificate = authority.issue("IP:127.0.0.1", begins="20980101000000Z")
    elif case == "another host":
        certificate = authority.issue("DNS:elsewhere.invalid,IP:127.0.0.2")
    if case != "unknown authority":
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    server: RawServer = SecureServer(certificate, serve)
    if case == "no TLS at all":
        server = RawServer(lambda visit: visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with server:
        with pytest.raises(ConnectError) as caught:
            way(f"https://127.0.0.1:{server.port}/api/v1")
        assert not [request for request in server.requests if KEY.encode() in request]
    assert words in str(caught.value)
    assert ("date" in str(caught.value)) is blames_the_date
    assert caught.value.sent is False


def test_a_host_that_is_silent_holds_nobody_else_up(
    authority: Authority, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """truststore's context is locked in a handshake: with one for all threads, they would wait for the silent one."""
    monkeypatch.setattr(tls, "_SYSTEM_FILES", (str(authority.certificate),))
    silent = RawServer(lambda visit: visit.gone.wait(PATIENCE_S) and None)
    server = SecureServer(good, answering(BALANCE))
    with silent, server, Client(server.url, KEY, connect_timeout_s=2) as client:

        def fetch() -> None:
            with pytest.raises(ConnectError):
                client.open_asset(f"https://127.0.0.1:{silent.port}/a.glb")

        waiting = threading.Thread(target=fetch)
        waiting.start()
        while not silent.visits:
            time.sleep(0.01)
        assert client.balance().balance == 7
        assert waiting.is_alive()
        waiting.join()


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        (0x800B0101, "A required certificate is not within its validity period", "has expired"),
        (-67818, "“server” certificate is expired", "has expired"),
        (5, "“server” certificate is expired", "has expired"),
        (0x800B010F, "The certificate's CN name does not match the passed value.", "is not one of"),
        (-67843, "“server” certificate is not trusted", "does not know"),
        (0x800B0109, "A certificate chain terminated in a root certificate not trusted", "does not know"),
        (23, "certificate revoked", "not accepted (certificate revoked)"),
    ],
)
def test_what_windows_and_macos_answer(code: int, message: str, words: str) -> None:
    error = ssl.SSLCertVerificationError(message)
    error.verify_code, error.verify_message = code, message
    wrapped = OSError("Max retries exceeded", ConnectionError(error))
    sentence = tls.certificate_problem(wrapped, "host.invalid")
    assert sentence is not None
    assert words in str(sentence)
    assert tls.certificate_problem(OSError("no route"), "host.invalid") is None
