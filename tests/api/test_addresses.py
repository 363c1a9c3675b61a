# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that only look public, before and after the look-up. Plain Python, no ``bpy``."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.api.certificates import Authority, SecureServer
from tests.api.conftest import Connect
from tests.api.raw_server import KEY, RawServer, answering, raw
from triverse_addon.api import host_policy
from triverse_addon.api.addresses import Reach, check_image_address, reach_of_host, reach_of_number, reach_of_url
from triverse_addon.api.client import Client
from triverse_addon.api.errors import BadAnswerError, ConnectError, InputError
from triverse_addon.api.urls import DEFAULT_API_URL

pytestmark = pytest.mark.kind("addresses")

FILE = raw("HTTP/1.1 200 OK\nContent-Length: 4", b"glTF")

HERE = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.000.000.001",
    "127.0.0.1.",
    "127。0。0。1",
    "１２７.0.0.1",
    "%31%32%37.0.0.1",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost.localdomain",
    "ip6-localhost",
    "service.localhost",
    "169.254.169.254",
    "[fe80::1]",
]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "[fd00::1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::a00:1]",
    "[2002:a00:1::]",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[ff02::1]",
    # What the library of some Pythons calls global, and of others not.
    "192.0.0.192",
    "[fec0::1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:101:101::]",
    "intranet",
    "nas.local",
    "metadata.google.internal",
    "render.lan",
    "printer.home.arpa",
]
PUBLIC = ["1.1.1.1", "[2606:4700::1111]", "172.32.0.1", "100.128.0.1", "api.triverse.ai", "a.b-c.example", "1.example"]


@pytest.mark.parametrize("host", HERE)
def test_this_machine_in_other_spellings(host: str) -> None:
    assert reach_of_url(f"https://{host}/a.glb") is Reach.HERE


@pytest.mark.parametrize("host", PRIVATE)
def test_private_networks(host: str) -> None:
    assert reach_of_url(f"https://{host}:8443/a.glb") is Reach.PRIVATE


@pytest.mark.parametrize("host", PUBLIC)
def test_what_is_public_stays_so(host: str) -> None:
    assert reach_of_url(f"https://{host}/a.glb") is Reach.PUBLIC


def spellings(number: int) -> list[str]:
    """The ways in which C libraries read one number as an IPv4 address."""
    a, b, c, d = number.to_bytes(4, "big")
    return [
        f"{a}.{b}.{c}.{d}",
        str(number),
        hex(number),
        f"0{number:o}",
        f"{a}.{b}.{(c << 8) + d}",
        f"{a}.{(b << 16) + (c << 8) + d}",
        f"0x{a:x}.{b}.0{c:o}.{d}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"[::ffff:{a}.{b}.{c}.{d}]",
        f"[64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}]",
        f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]",
    ]


@given(
    st.sampled_from(
        ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"]
    ),
    st.integers(0, 2**24),
)
def test_no_spelling_of_a_near_address_is_public(network: str, offset: int) -> None:
    near = ipaddress.ip_network(network)
    for text in spellings(int(near.network_address) + offset % near.num_addresses):
        assert reach_of_host(text) is not Reach.PUBLIC, text
        assert reach_of_host(f"{text}.") is not Reach.PUBLIC, text


@given(st.text(max_size=60))
@example("[")
@example("a%zz")
@example("::%")
def test_no_host_breaks_the_look(text: str) -> None:
    assert reach_of_host(text) in Reach
    assert reach_of_url(f"https://{text}/") in Reach


@given(st.ip_addresses())
def test_numbers_are_as_the_library_says_or_nearer(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if not number.is_global:
        assert reach_of_number(str(number)) is not Reach.PUBLIC


# -----------------------------------------------------------------------------
# Pictures by their address


@pytest.mark.parametrize("host", [*HERE, *PRIVATE])
def test_a_far_service_is_not_told_to_fetch_from_near(host: str) -> None:
    with pytest.raises(InputError) as caught:
        check_image_address(f"https://{host}/a.png", DEFAULT_API_URL, field="image_file")
    assert caught.value.field == "image_file"


@pytest.mark.parametrize("url", ["https://", "https://a:b@c.example/a.png", "https://a.example:no/", "https://[::1/"])
def test_what_is_no_address_is_no_picture(url: str) -> None:
    with pytest.raises(InputError):
        check_image_address(url, DEFAULT_API_URL, field="image_file")


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("https://pictures.example/a.png", DEFAULT_API_URL),
        ("https://pictures.example/a.png", "http://127.0.0.1:1/api/v1"),
        ("http://127.0.0.1:8/a.png", "http://127.0.0.1:1/api/v1"),
        ("https://nas.local/a.png", "https://triverse.local/api/v1"),
        ("https://10.1.2.3/a.png", "http://localhost:1/api/v1"),
    ],
)
def test_a_near_service_may_fetch_from_near(url: str, service: str) -> None:
    check_image_address(url, service, field="image_file")


def test_a_service_of_the_studio_does_not_fetch_from_this_machine() -> None:
    with pytest.raises(InputError):
        check_image_address("https://127.0.0.1/a.png", "https://triverse.local/api/v1", field="image_file")


# -----------------------------------------------------------------------------
# Files of tasks: what they say, and what they turn out to be


@pytest.mark.parametrize("host", [*HERE, *PRIVATE])
def test_files_are_not_fetched_from_near(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_given: Any, **_named: Any) -> Any:
        raise AssertionError("looked up")

    monkeypatch.setattr(socket, "create_connection", never)
    monkeypatch.setattr(
        host_policy.socket, "getaddrinfo", lambda *_given, **_named: [(0, 0, 0, "", ("93.184.216.34", 0))]
    )
    with Client("https://service.invalid/api/v1", KEY) as client, pytest.raises(BadAnswerError):
        client.open_asset(f"https://{host}/a.glb")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names stand for; each look-up of a name with several answers takes the next one."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        numbers = known.get(str(host))
        if numbers is None:
            return real(host, port, *given, **named)
        number = numbers.pop(0) if len(numbers) > 1 else numbers[0]
        return real(number, port, *given, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return known


@pytest.mark.parametrize(
    "answers", [["127.0.0.1"], ["::1"], ["93.184.216.34", "127.0.0.1"]], ids=["IPv4", "IPv6", "another one by then"]
)
def test_a_name_that_stands_for_this_machine(names: dict[str, list[str]], answers: list[str]) -> None:
    """The last of them is what DNS rebinding does: one answer for the check, another one for the connection."""
    names["service.invalid"] = ["93.184.216.34"]
    with RawServer(FILE) as server, Client("https://service.invalid/api/v1", KEY) as client:
        names["files.invalid"] = answers
        with pytest.raises((BadAnswerError, ConnectError)) as caught:
            client.open_asset(f"https://files.invalid:{server.port}/a.glb")
        assert server.requests == []
        if answers != ["::1"]:  # nobody listens there
            assert isinstance(caught.value, BadAnswerError)
            assert "a file on files.invalid, which is this machine" in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "[::ffff:7f00:1]", "localhost.", "files.invalid"])
def test_redirects_do_not_lead_near(
    names: dict[str, list[str]], host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A far service, which is played here, sends on to this machine."""
    authority = Authority(tmp_path)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    names["files.invalid"] = ["127.0.0.1"]
    names["service.invalid"] = ["127.0.0.1", "93.184.216.34"]  # for the connection, for the look at how far it is
    with RawServer(FILE) as near:
        location = f"https://{host}:{near.port}/a.glb"
        serve = raw(f"HTTP/1.1 302 Found\nLocation: {location}\nContent-Length: 0")
        with SecureServer(authority.issue("DNS:service.invalid"), serve) as far:
            url = f"https://service.invalid:{far.port}/api/v1"
            with Client(url, KEY) as client, pytest.raises(BadAnswerError) as caught:
                client.open_task_download("a-task")
            assert len(far.requests) == 1
        assert near.requests == []
    assert "which is this machine or in a private network" in str(caught.value)


def test_a_service_that_is_near_by_look_up_may_name_files_near_it(names: dict[str, list[str]]) -> None:
    """Inside a studio a public name stands for a private number; TLS ends the attempt, which is after the check."""
    names["triverse.studio.example"] = ["127.0.0.1"]
    names["files.studio.example"] = ["127.0.0.1"]
    with RawServer(lambda visit: visit.send(b"no TLS")) as server:
        with Client("https://triverse.studio.example/api/v1", KEY) as client, pytest.raises(ConnectError):
            client.open_asset(f"https://files.studio.example:{server.port}/a.glb")
        assert len(server.visits) == 1


def test_a_service_on_this_machine_may_name_files_on_it(connect: Connect) -> None:
    with RawServer(FILE) as storage, RawServer(answering({})) as server:
        client = connect(server)
        with client.open_asset(f"http://localhost:{storage.port}/a.glb") as response:
            assert b"".join(client.read_file(response, 100)) == b"glTF"


def test_a_proxy_of_the_studio_stays_usable(names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy's own address is private, and what it looks up is its affair."""
    with RawServer(raw("HTTP/1.1 502 Bad Gateway\nContent-Length: 0")) as proxy:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with Client("https://service.invalid/api/v1", KEY) as client, pytest.raises(ConnectError) as caught:
            client.open_asset("https://files.invalid/a.glb")
        assert proxy.requests[0].startswith(b"CONNECT files.invalid:443")
    assert "proxy" in str(caught.value)
