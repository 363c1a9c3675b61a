# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against the stand-in: every endpoint, every kind of bad answer, and the key that stays where it belongs.

Plain Python, no ``bpy``. Alone: ``python scripts/test.py tests/api/test_client.py``.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import models
from tests.service.server import StandIn
from triverse_addon.api.client import Client
from triverse_addon.api.errors import (
    AuthenticationError,
    BadAnswerError,
    ConnectError,
    ConnectionLostError,
    ContentViolationError,
    InputError,
    InsufficientCreditsError,
    InvalidParametersError,
    KeyMissingError,
    NotFoundError,
    NothingToDownloadError,
    StalledError,
    TooManyRequestsError,
    TransportError,
    TriverseError,
    UnavailableError,
    UnsupportedError,
)

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with StandIn(speed=200, samples=("20k",), usual_sample="20k") as service:
        yield service


@pytest.fixture(autouse=True)
def no_faults(standin: StandIn) -> Iterator[None]:
    yield
    standin.faults.clear()
    assert standin.state.leaks == []


@pytest.fixture
def client(standin: StandIn) -> Iterator[Client]:
    with Client(standin.url, standin.key, version="9.9.9", connect_timeout_s=2, read_timeout_s=1) as made:
        yield made


def create(client: Client, order: str, prompt: str = "a stone well") -> str:
    return client.create("text-to-model", {"prompt": prompt}, client_order_id=order).task_uuid


def finished(client: Client, order: str) -> str:
    uuid = create(client, order)
    end = time.monotonic() + PATIENCE_S
    while not client.status(uuid).is_terminal:
        assert time.monotonic() < end
    return uuid


def test_the_way_of_a_task(standin: StandIn, client: Client, tmp_path: Path) -> None:
    quote = client.quote("text-to-model", {"prompt": "a stone well", "texture_size": 4096})
    before = client.balance()
    created = client.create("text-to-model", {"prompt": "a stone well", "texture_size": 4096}, client_order_id="way-1")
    assert created.cost_credits == quote.cost_credits
    end = time.monotonic() + PATIENCE_S
    while not (status := client.status(created.task_uuid)).is_terminal:
        assert time.monotonic() < end
    assert (status.status, status.progress, status.flow_name) == ("SUCCESS", 100, "text-to-model")
    assert status.input["prompt"] == "a stone well"
    assert client.balance().balance == before.balance - quote.cost_credits
    assert client.me().email
    with client.open_asset(status.textured_urls[0]) as response:
        whole = b"".join(client.read_file(response, 65536))
    assert whole == models.glb_path("20k").read_bytes()
    with client.open_asset(status.textured_urls[0], offset_bytes=1000, if_range=response.headers["ETag"]) as rest:
        assert rest.status_code == 206
        assert b"".join(client.read_file(rest, 65536)) == whole[1000:]
    links = client.links(created.task_uuid)
    assert links.download_url
    assert links.preview_url
    with client.open_task_download(created.task_uuid) as response:
        assert b"".join(client.read_file(response, 65536)) == whole


def test_uploads_go_out_whole_and_are_usable(standin: StandIn, client: Client, tmp_path: Path) -> None:
    sent: list[tuple[int, int]] = []
    key = client.upload_image(models.preview_path("20k"), lambda done, size: sent.append((done, size)))
    assert sent[-1][0] == sent[-1][1] >= models.preview_path("20k").stat().st_size
    model_key = client.upload_model(models.glb_path("20k"), "textured")
    created = client.create(
        "texture-model", {"image_file": key, "model_file": model_key}, client_order_id="upload-order"
    )
    assert created.flow_name == "texture-model"


def test_the_same_order_twice_is_one_task(standin: StandIn, client: Client) -> None:
    assert finished(client, "twice") == create(client, "twice")
    assert len(standin.state.charged("twice")) == 1


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("create", lambda c: create(c, "never-there")),
        ("status", lambda c: c.status("u")),
        ("url", lambda c: c.links("u")),
        ("quote", lambda c: c.quote("text-to-model", {"prompt": "abc"})),
        ("balance", lambda c: c.balance()),
        ("me", lambda c: c.me()),
        ("upload_image", lambda c: c.upload_image(models.preview_path("20k"))),
        ("upload_model", lambda c: c.upload_model(models.glb_path("20k"))),
    ],
)
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"reset_before": True, "times": 3}, ConnectionLostError),
        ({"status": 400, "code": 1004}, InvalidParametersError),
        ({"status": 422, "envelope": False}, InvalidParametersError),
        ({"status": 401}, AuthenticationError),
        ({"status": 403, "code": 2010}, InsufficientCreditsError),
        ({"status": 403}, AuthenticationError),
        ({"status": 404, "code": 1006}, NotFoundError),
        ({"status": 404, "code": 4042}, NothingToDownloadError),
        ({"status": 400, "code": 2008}, ContentViolationError),
        ({"status": 400, "code": 2004}, UnsupportedError),
        ({"status": 429, "code": 2000, "retry_after": "7"}, TooManyRequestsError),
        ({"status": 500, "envelope": False}, UnavailableError),
        ({"status": 503, "code": 5003}, UnavailableError),
        ({"status": 502, "html": True}, UnavailableError),
        ({"html": True}, BadAnswerError),
        ({"garbage": True}, BadAnswerError),
        ({"body": ""}, BadAnswerError),
        ({"redirect": "other_host"}, BadAnswerError),
        ({"redirect": "http"}, BadAnswerError),
        ({"gzip_bomb_mb": 20}, BadAnswerError),
    ],
    ids=lambda value: "-".join(f"{name}={part}" for name, part in value.items()) if isinstance(value, dict) else None,
)
def test_each_bad_answer_has_its_error(
    standin: StandIn,
    client: Client,
    kind: str,
    call: Callable[[Client], Any],
    rule: dict[str, Any],
    expected: type[TriverseError],
) -> None:
    rule_in_force = standin.faults.add(kind, **rule)
    with pytest.raises(expected) as caught:
        call(client)
    rule_in_force.release()
    error = caught.value
    assert str(error.sentence)[0].isupper()
    assert standin.key not in "".join(traceback.format_exception(error))
    if isinstance(error, TooManyRequestsError):
        assert error.retry_after_s == 7.0


def test_a_service_that_says_nothing_is_not_waited_for(standin: StandIn, client: Client) -> None:
    for kind, call in (("balance", client.balance), ("create", lambda: create(client, "stalled"))):
        rule = standin.faults.add(kind, latency_s=300.0)
        with pytest.raises(StalledError) as caught:
            call()
        rule.release()
        assert caught.value.sent is True


def test_nothing_listens(client: Client, standin: StandIn) -> None:
    with standin.down(), pytest.raises(ConnectError) as caught:
        create(client, "nobody-there")
    assert caught.value.sent is False


def test_a_lost_answer_may_have_been_received(client: Client, standin: StandIn) -> None:
    standin.faults.add("create", reset_after=True)
    with pytest.raises(TransportError) as caught:
        create(client, "lost-answer")
    assert caught.value.sent is True
    assert finished(client, "lost-answer")
    assert len(standin.state.charged("lost-answer")) == 1


def test_a_creation_is_never_repeated_by_itself(client: Client, standin: StandIn) -> None:
    client.balance()
    seen = len(standin.state.seen("create"))
    standin.faults.add("create", reset_before=True)
    with pytest.raises(TransportError):
        create(client, "only-once")
    assert len(standin.state.seen("create")) == seen + 1


def test_redirects_of_files_never_take_the_key_along(client: Client, standin: StandIn) -> None:
    uuid = finished(client, "redirected")
    standin.faults.add("download", redirect="other_host", status=302)
    # The stand-in's storage has no such file; what matters is that it was asked, and without the key.
    with pytest.raises(NotFoundError):
        client.open_task_download(uuid)
    standin.faults.add("asset", redirect="loop", times=None)
    with pytest.raises(BadAnswerError):
        client.open_asset(client.links(uuid).download_url or "")
    assert standin.state.leaks == []


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.com/a.glb", "http://example.com/a.glb", "javascript:alert(1)", "", "//"],
)
def test_only_https_addresses_are_opened(client: Client, url: str) -> None:
    with pytest.raises(TriverseError):
        client.open_asset(url)


def test_close_ends_what_is_under_way_at_once(standin: StandIn) -> None:
    rule = standin.faults.add("balance", latency_s=300.0)
    client = Client(standin.url, standin.key, read_timeout_s=300)
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            client.balance()
        except TriverseError as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    end = time.monotonic() + PATIENCE_S
    while not rule.seen and time.monotonic() < end:
        time.sleep(0.01)
    client.close()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert isinstance(ended[0], ConnectionLostError)


def test_what_cannot_be_used_is_refused_before_it_is_sent(standin: StandIn, client: Client, tmp_path: Path) -> None:
    with pytest.raises(KeyMissingError):
        Client(standin.url, "")
    for url in ("http://example.com/api", "not an address", "https://"):
        with pytest.raises(InputError):
            Client(url, "key")
    gif = tmp_path / "a.gif"
    gif.write_bytes(b"GIF89a" + b"\0" * 100)
    seen = len(standin.state.seen("upload_image"))
    for path in (gif, tmp_path / "missing.png"):
        with pytest.raises(InputError):
            client.upload_image(path)
    with pytest.raises(InputError):
        create(client, "an order with spaces")
    assert len(standin.state.seen("upload_image")) == seen


def test_the_key_is_in_no_repr(standin: StandIn, client: Client) -> None:
    assert standin.key not in repr(client)
