# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of the service's answers: the documented, the older, the uncertain, the absurd. Plain Python, no ``bpy``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.api import payloads
from triverse_addon.api.errors import BadAnswerError
from triverse_addon.api.payloads import Queue, ServiceFault

UUID = "6fa459ea-ee8a-3ca4-894e-db77e160355e"
MODEL, PREVIEW = "https://files.example/a.glb?sig=1", "https://files.example/a.png"
AT_S = 1_777_629_600.0  # 2026-05-01T10:00:00Z

DONE: dict[str, Any] = {
    "task_uuid": UUID,
    "flow_name": "image-to-model",
    "status": "SUCCESS",
    "progress": 100,
    "created_at": "2026-05-01T10:00:00Z",
    "started_at": "2026-05-01T10:00:01.5Z",
    "completed_at": "2026-05-01T10:01:00.123456Z",
    "input": {"image_url": PREVIEW, "model_version": "v2", "polygon_limit": 1_000_000, "texture_size": 1024},
    "output": {"geometry_model_url": [MODEL], "textured_model_url": [MODEL, MODEL + "2"], "preview_url": PREVIEW},
    "error": None,
    "queue": None,
}


def test_the_documented_answer() -> None:
    status = payloads.parse_status({"code": 0, "message": "success", "data": DONE})
    assert (status.task_uuid, status.flow_name, status.status) == (UUID, "image-to-model", "SUCCESS")
    assert status.is_terminal
    assert status.progress == 100
    assert (status.created_at_s, status.started_at_s) == (AT_S, AT_S + 1.5)
    assert status.completed_at_s == pytest.approx(AT_S + 60.123456)
    assert status.input["polygon_limit"] == 1_000_000
    assert status.geometry_urls == (MODEL,)
    assert status.textured_urls == status.model_urls == (MODEL, MODEL + "2")
    assert status.preview_url == PREVIEW
    assert status.error is None
    assert status.queue is None


def test_with_and_without_the_envelope() -> None:
    assert payloads.parse_status(DONE) == payloads.parse_status({"code": "0", "data": DONE})
    assert payloads.parse_status({"data": {"taskId": UUID, "status": "RUNNING"}}).task_uuid == UUID


def test_the_older_answer() -> None:
    status = payloads.parse_status(
        {
            "taskId": UUID,
            "status": "success",
            "createdAt": "2026-05-01T10:00:00",
            "output": {"textured_model_url": MODEL},
        }
    )
    assert status.textured_urls == (MODEL,)
    assert status.geometry_urls == ()
    assert status.progress is None
    assert status.created_at_s == AT_S


@pytest.mark.parametrize("word", ["PENDING", "queued", "Running", "FAILED", "POST_PROCESSING"])
def test_addresses_count_only_after_success(word: str) -> None:
    status = payloads.parse_status({**DONE, "status": word})
    assert status.model_urls == ()
    assert status.preview_url is None
    assert status.output_urls == {}


@pytest.mark.parametrize(
    ("word", "terminal"),
    [("SUCCESS", True), ("FAILED", True), ("CANCELLED", True), ("canceled", True), ("RUNNING", False), ("NEW", False)],
)
def test_an_unknown_status_means_still_going(word: str, terminal: bool) -> None:
    assert payloads.parse_status({**DONE, "status": word}).is_terminal is terminal


@pytest.mark.parametrize(
    ("value", "read"),
    [(0, 0), (41.7, 41), ("42", 42), (" 43% ", 43), (140, 100), (-3, 0), (True, 1), (None, None), ("half", None)]
    + [([5], None), (math.inf, None), (math.nan, None), (10**400, None), ("9" * 6000, None)],
)
def test_progress(value: object, read: int | None) -> None:
    assert payloads.parse_status({**DONE, "progress": value}).progress == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-05-01T10:00:00Z", AT_S),
        ("2026-05-01T12:00:00+02:00", AT_S),
        ("2026-05-01T10:00:00", AT_S),
        ("2026-05-01 10:00:00.000Z", AT_S),
        ("2026-05-01T10:00:00.123456789Z", AT_S + 0.123456),
        (AT_S, AT_S),
        (AT_S * 1000, AT_S),
        (str(int(AT_S)), AT_S),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        (-5, None),
        ("9999-12-31T23:59:59+14:00", 253402250399.0),
        ("0001-01-01T00:00:00+14:00", -62135647200.0),
    ],
)
def test_times(value: object, read: float | None) -> None:
    at_s = payloads.parse_status({**DONE, "created_at": value}).created_at_s
    assert at_s == (None if read is None else pytest.approx(read))


def test_queue_and_error() -> None:
    status = payloads.parse_status(
        {
            **DONE,
            "status": "FAILED",
            "queue": {"is_queued": True, "position": "3", "estimated_wait_seconds": 12.5},
            "error": {"code": "5003", "message": "no\x1b luck", "suggestion": "Try again."},
        }
    )
    assert status.queue == Queue(True, 3, 12.5)
    assert status.error == ServiceFault(5003, "no luck", "Try again.")
    assert "no luck" in str(status.error.sentence)
    assert payloads.parse_status({**DONE, "error": "broken"}).error == ServiceFault(None, "broken", "")
    assert "Try again" in str(ServiceFault(None, "", "").sentence)
    assert payloads.parse_status({**DONE, "queue": {"is_queued": 1}}).queue == Queue(True, None, None)


def test_only_web_addresses_are_taken_for_such() -> None:
    output = {"textured_model_url": [None, "", "file:///etc/passwd", 3, f" {MODEL} "], "images": [PREVIEW], "log": "x"}
    status = payloads.parse_status({**DONE, "output": output})
    assert status.textured_urls == (MODEL,)
    assert status.output_urls == {"textured_model_url": (MODEL,), "images": (PREVIEW,)}


def test_created() -> None:
    created = payloads.parse_created(
        {
            "code": 0,
            "data": {
                "task_uuid": UUID,
                "flow_name": "text-to-model",
                "status": "QUEUED",
                "created_at": "2026-05-01T10:00:00Z",
                "cost_credits": 20,
                "queue": {"is_queued": True, "position": 1, "estimated_wait_seconds": 5},
                "read_after_write_deadline_seconds": 3,
                "read_after_write_header": "X-Read-After-Write",
            },
        }
    )
    assert (created.cost_credits, created.read_deadline_s, created.read_header) == (20, 3.0, "X-Read-After-Write")
    older = payloads.parse_created({"taskId": UUID, "costCredits": "20"})
    assert (older.task_uuid, older.status, older.cost_credits, older.read_header) == (UUID, "PENDING", 20, None)
    assert payloads.parse_created(DONE).status == "SUCCESS"  # the earlier task's payload


@pytest.mark.parametrize("name", ["Authorization", "Host", "X-A\r\nB", "X-Ä", "", 3, "Cookie"])
def test_the_service_cannot_name_a_header_that_would_do_harm(name: object) -> None:
    assert payloads.parse_created({"task_uuid": UUID, "read_after_write_header": name}).read_header is None


def test_links_quote_balance_account_and_file_key() -> None:
    links = payloads.parse_links(
        {"data": {"download_url": MODEL, "preview_url": None, "asset_id": 7, "kind": "model"}, "code": 0}
    )
    assert (links.download_url, links.preview_url, links.asset_id, links.kind) == (MODEL, None, "7", "model")
    quote = payloads.parse_quote({"flow_name": "text-to-model", "params": {"turbo": True}, "costCredits": 12.2})
    assert (quote.cost_credits, quote.available_credits, quote.params) == (13, None, {"turbo": True})
    assert payloads.parse_balance({"balance": "100", "frozen": None}) == payloads.Balance(100, 0)
    account = payloads.parse_account({"id": 5, "email": "a@b.c", "web_credits_balance": 3, "api_credits_balance": 4})
    assert (account.id, account.email, account.web_credits, account.api_credits) == ("5", "a@b.c", 3, 4)
    assert payloads.parse_file_key({"code": 0, "data": {"file_key": "up/loads/ä b"}}) == "up/loads/ä b"


@pytest.mark.parametrize(
    ("parse", "body"),
    [
        (payloads.parse_status, {"task_uuid": UUID}),
        (payloads.parse_status, {"status": "RUNNING"}),
        (payloads.parse_status, {"task_uuid": "../../x", "status": "RUNNING"}),
        (payloads.parse_created, {}),
        (payloads.parse_links, {"kind": "model"}),
        (payloads.parse_links, {"download_url": "javascript:alert(1)"}),
        (payloads.parse_quote, {"cost_credits": None}),
        (payloads.parse_balance, {"balance": "lots"}),
        (payloads.parse_account, {"plan_name": "Pro"}),
        (payloads.parse_file_key, {"file_key": ""}),
        (payloads.parse_file_key, {"file_key": 3}),
        (payloads.parse_status, None),
        (payloads.parse_status, [DONE]),
    ],
)
def test_without_the_essential_it_is_no_answer(parse: Callable[[object], object], body: object) -> None:
    with pytest.raises(BadAnswerError):
        parse(body)


def test_the_task_that_an_error_names_is_found() -> None:
    for body in (
        {"task_uuid": UUID},
        {"data": {"taskId": UUID}},
        {"detail": {"task_id": UUID}},
        {"error": {"task_uuid": UUID}},
    ):
        assert payloads.find_task_uuid(body) == UUID
    assert payloads.find_task_uuid({"task_uuid": "a/b", "data": "x"}) is None
    assert payloads.find_task_uuid(None) is None


NAMES = sorted(
    {*DONE, "data", "code", "taskId", "cost_credits", "costCredits", "download_url", "preview_url", "balance"}
    | {"frozen", "id", "email", "file_key", "position", "is_queued", "estimated_wait_seconds", "message"}
    | {"textured_model_url", "read_after_write_header", "read_after_write_deadline_seconds", "params"}
)
WORDS = st.sampled_from(["SUCCESS", "FAILED", UUID, MODEL, "2026-05-01T10:00:00Z", "0001-01-01T00:00:00+23:59"])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=8),
    max_leaves=30,
)
TASKS = st.fixed_dictionaries(
    {"task_uuid": st.just(UUID), "status": WORDS},
    optional={name: JSON_VALUES for name in NAMES if name not in ("task_uuid", "status")},
)
PARSERS = [
    payloads.parse_status,
    payloads.parse_created,
    payloads.parse_links,
    payloads.parse_quote,
    payloads.parse_balance,
    payloads.parse_account,
    payloads.parse_file_key,
]


@given(body=JSON_VALUES | TASKS)
def test_any_json_is_read_or_refused(body: object) -> None:
    """Each example meets every parser: making one takes a hundred times as long as reading it."""
    for parse in PARSERS:
        try:
            answer = parse(body)
        except BadAnswerError:
            continue
        assert answer, parse


@given(TASKS)
def test_what_is_read_keeps_its_promises(body: dict[str, object]) -> None:
    try:
        status = payloads.parse_status(body)
    except BadAnswerError:
        return
    assert status.progress is None or 0 <= status.progress <= 100
    assert status.status == status.status.upper()
    assert all(url.lower().startswith(("https://", "http://")) for url in (*status.model_urls, *status.geometry_urls))
    assert status.status == "SUCCESS" or not status.output_urls
