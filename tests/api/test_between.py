# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between this machine and the service: proxies, portals, wrong addresses. Plain Python, no ``bpy``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Connect
from tests.api.raw_server import KEY, RawServer, Visit, answering, raw
from triverse_addon.api import proxies
from triverse_addon.api.client import Client
from triverse_addon.api.errors import (
    AuthenticationError,
    BadAnswerError,
    ConnectError,
    NotFoundError,
    TransportError,
    TriverseError,
    UnavailableError,
    WrongAddressError,
)
from triverse_addon.api.websocket import snapshot

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
Ask = Callable[[Client, Path], Any]

QUESTIONS: dict[str, Ask] = {
    "balance": lambda client, _folder: client.balance(),
    "me": lambda client, _folder: client.me(),
    "quote": lambda client, _folder: client.quote("text-to-model", {"turbo": True}),
    "create": lambda client, _folder: client.create("text-to-model", {"prompt": "a fox"}, client_order_id="o-1"),
    "upload": lambda client, folder: client.upload_image(folder / "a.png"),
    "websocket": lambda client, _folder: snapshot(client.base_url, KEY, None),
}
ABOUT_A_TASK: dict[str, Ask] = {
    "status": lambda client, _folder: client.status("a-task"),
    "links": lambda client, _folder: client.links("a-task"),
    "download": lambda client, _folder: client.open_task_download("a-task"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(PNG)
    return tmp_path


def html(status: str, words: str = "<html>No such page</html>", headers: str = "") -> Callable[[Visit], None]:
    body = words.encode()
    return raw(f"HTTP/1.1 {status}\nContent-Type: text/html\n{headers}Content-Length: {len(body)}", body)


# -----------------------------------------------------------------------------
# An address that is not the service's


@pytest.mark.kind("networks")
@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize(
    "serve",
    [
        html("404 Not Found"),
        html("405 Method Not Allowed"),
        answering({"detail": "Not Found"}, status="404 Not Found"),
        answering({"code": 404, "message": "no route"}, status="404 Not Found"),
    ],
    ids=["a page", "another method", "no route", "a foreign code"],
)
def test_an_unknown_address_is_no_unknown_task(
    connect: Connect, folder: Path, name: str, serve: Callable[[Visit], None]
) -> None:
    with RawServer(serve) as server:
        client = connect(server)
        with pytest.raises(WrongAddressError) as caught:
            QUESTIONS[name](client, folder)
        assert f"no Triverse at {server.url}." in str(caught.value)
    assert "/api/v1" in str(caught.value)
    assert "task" not in str(caught.value)


@pytest.mark.kind("networks")
@pytest.mark.parametrize("name", ABOUT_A_TASK)
def test_an_unknown_task_stays_one(connect: Connect, folder: Path, name: str) -> None:
    with RawServer(answering({"code": 1006, "message": "no such task"}, status="404 Not Found")) as server:
        client = connect(server)
        with pytest.raises(NotFoundError) as caught:
            ABOUT_A_TASK[name](client, folder)
    assert not isinstance(caught.value, WrongAddressError)
    assert "task" in str(caught.value)


@pytest.mark.kind("networks")
def test_what_the_service_itself_does_not_know_is_not_the_address(connect: Connect, folder: Path) -> None:
    """An order may name an upload that is gone: the service says so by its code."""
    with RawServer(answering({"code": 1005, "message": "no such file"}, status="404 Not Found")) as server:
        client = connect(server)
        with pytest.raises(NotFoundError) as caught:
            QUESTIONS["create"](client, folder)
    assert not isinstance(caught.value, WrongAddressError)


# -----------------------------------------------------------------------------
# Proxies


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the environment name a proxy for everything."""

    def use(url: str) -> None:
        for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("https_proxy", url)

    return use


@pytest.mark.kind("networks")
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "SOCKS5"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_socks_proxy_is_named_before_anything_is_sent(
    proxied: Callable[[str], None], folder: Path, scheme: str, name: str
) -> None:
    with RawServer(answering({})) as proxy:
        address = f"127.0.0.1:{proxy.port}"
        proxied(f"{scheme}://somebody:hush@{address}")
        with Client("https://service.invalid/api/v1", KEY) as client, pytest.raises(ConnectError) as caught:
            QUESTIONS[name](client, folder)
        assert proxy.visits == []
    assert f"SOCKS proxy ({address})" in str(caught.value)
    assert "service.invalid" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert caught.value.sent is False


@pytest.mark.kind("networks")
def test_a_socks_proxy_of_the_system_is_not_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """The systems' settings name it under a key that requests does not look at."""
    monkeypatch.setattr(proxies, "get_environ_proxies", lambda url, no_proxy: {"socks": "http://10.1.1.1:1080"})
    with pytest.raises(ConnectError) as caught:
        proxies.proxy_for("https://service.invalid/api")
    assert "SOCKS proxy (10.1.1.1:1080)" in str(caught.value)
    assert proxies.proxy_for("http://127.0.0.1:1/api") is None


@pytest.mark.kind("networks")
def test_a_socks_proxy_is_used_where_its_library_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "find_spec", lambda name: name == "socks")
    monkeypatch.setattr(proxies, "get_environ_proxies", lambda url, no_proxy: {"https": "socks5://10.1.1.1:1080"})
    assert proxies.proxy_for("https://service.invalid/api") == "socks5://10.1.1.1:1080"


@pytest.mark.kind("proxy-words")
@pytest.mark.parametrize("status", ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway", "503 No"])
@pytest.mark.parametrize("name", ["balance", "create", "websocket"])
def test_a_proxy_that_refuses_is_named(proxied: Callable[[str], None], folder: Path, status: str, name: str) -> None:
    with RawServer(html(status)) as proxy:
        proxied(f"http://127.0.0.1:{proxy.port}")
        with Client("https://service.invalid/api/v1", KEY) as client, pytest.raises(ConnectError) as caught:
            QUESTIONS[name](client, folder)
        assert proxy.requests[0].startswith(b"CONNECT service.invalid:443")
        assert KEY.encode() not in b"".join(proxy.requests)
    assert str(caught.value) == (
        "The proxy of this network does not let Blender through to Triverse. Check its settings."
    )
    assert caught.value.sent is False


@pytest.mark.kind("proxy-words")
@pytest.mark.parametrize("name", [*QUESTIONS, "status", "links"])
def test_a_page_instead_of_an_answer(connect: Connect, folder: Path, name: str) -> None:
    """A portal's log-in page comes with 200."""
    with RawServer(html("200 OK", "<html>Log in to the guest network</html>")) as server:
        client = connect(server)
        with pytest.raises(BadAnswerError) as caught:
            {**QUESTIONS, **ABOUT_A_TASK}[name](client, folder)
    assert str(caught.value) == (
        "What answered does not speak like Triverse. "
        "Check the network, any proxy, and the service address in the preferences."
    )


@pytest.mark.kind("proxy-words")
@pytest.mark.parametrize("name", ["balance", "create", "status", "websocket"])
@pytest.mark.parametrize(
    ("serve", "kind", "words"),
    [
        (html("502 Bad Gateway"), UnavailableError, "Triverse is not available at the moment."),
        (html("504 Gateway Timeout"), UnavailableError, "Triverse is not available at the moment."),
        (html("503 Busy", headers="Retry-After: 7\n"), UnavailableError, "Triverse is not available at the moment."),
        (html("403 Forbidden"), AuthenticationError, "Triverse does not accept the API key."),
        (html("302 Found", headers="Location: https://portal.invalid/login\n"), TransportError, "Check the"),
        (html("407 Proxy Authentication Required"), TriverseError, "Triverse refused this request."),
    ],
    ids=["502", "504", "503", "403", "portal", "407"],
)
def test_what_a_proxy_says_in_the_services_place(
    connect: Connect, folder: Path, name: str, serve: Callable[[Visit], None], kind: type[TriverseError], words: str
) -> None:
    with RawServer(serve) as server:
        client = connect(server)
        with pytest.raises(kind) as caught:
            {**QUESTIONS, **ABOUT_A_TASK}[name](client, folder)
    assert words in str(caught.value)
    assert "html" not in str(caught.value)


@pytest.mark.kind("proxy-words")
@pytest.mark.parametrize("name", ["status", "links", "download"])
def test_the_404_of_a_proxy_to_a_question_about_a_task(connect: Connect, folder: Path, name: str) -> None:
    with RawServer(html("404 Not Found")) as server:
        client = connect(server)
        with pytest.raises(NotFoundError) as caught:
            ABOUT_A_TASK[name](client, folder)
    assert str(caught.value) == ("Triverse does not know this task. It may have expired or belong to another account.")
