# SPDX-License-Identifier: GPL-3.0-or-later
"""What one answer means for all requests to come. One: ``python scripts/test.py tests/tasks/engine/test_gate.py``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from triverse_addon.api.errors import AuthenticationError, TooManyRequestsError, TriverseError
from triverse_addon.api.payloads import parse_status
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.engine.reconcile import pick
from triverse_addon.tasks.engine.request_gate import BlockReason, RequestGate
from triverse_addon.tasks.record.record import Stage, TaskRecord
from triverse_addon.tasks.settings import Settings


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("triverse_addon.tasks.engine.request_gate.time", made)
    return made


SETTINGS = Settings(Path(), Path(), api_key="wrong", api_url="https://service.invalid")
REFUSED = AuthenticationError(Sentence.of("The key was not accepted."), http_status=401)


def told_by(gate: RequestGate) -> TriverseError:
    with pytest.raises(TriverseError) as caught:
        gate.check()
    return caught.value


def test_a_refused_key_is_tried_again_after_a_minute_and_another_at_once(clock: Clock) -> None:
    settings = SETTINGS
    gate = RequestGate(lambda: settings)
    gate.failed("create", REFUSED)
    for _ in range(4):
        # Each task that is kept back tells the gate what the gate told it.
        gate.failed("create", told_by(gate))
        clock.now += 15
    gate.check()
    gate.failed("create", REFUSED)
    assert gate.problem() == (BlockReason.KEY, REFUSED.sentence)
    settings = dataclasses.replace(SETTINGS, api_key="right")
    assert gate.problem() == (BlockReason.NONE, None)
    gate.failed("create", REFUSED)
    gate.succeeded("status")
    gate.check()


def test_each_kind_waits_for_itself_and_longer_each_time(clock: Clock) -> None:
    gate = RequestGate(lambda: SETTINGS)
    for retry_after_s in (None, 7.0, 300.0):
        before_s = gate.pause_s("upload")
        too_many = TooManyRequestsError(Sentence.of("Too many."), http_status=429, retry_after_s=retry_after_s)
        gate.failed("upload", too_many)
        assert gate.pause_s("upload") >= max(0.01, retry_after_s or 0.0, before_s)
        assert gate.pause_s("create") == 0.0
    clock.now += 200
    assert gate.pause_s("upload") == pytest.approx(100)
    gate.succeeded("upload")
    assert gate.pause_s("upload") == 0.0


@pytest.mark.parametrize(
    ("offline", "url", "blocked"),
    [
        (True, "https://service.invalid", True),
        (True, "http://127.0.0.1:1", False),
        (True, "http://[::1]:1", False),
        (False, "https://service.invalid", False),
    ],
)
def test_a_service_on_this_machine_is_not_the_internet(offline: bool, url: str, blocked: bool) -> None:
    settings = dataclasses.replace(SETTINGS, online=not offline, api_url=url, offline_by="command_line")
    gate = RequestGate(lambda: settings)
    assert (gate.problem()[0] is BlockReason.ONLINE) is blocked
    if blocked:
        assert "--offline-mode" in str(gate.problem()[1])


# -----------------------------------------------------------------------------
# Which task is ours


def heard(number: int, status: str = "RUNNING", flow: str = "text-to-model", **sent: Any) -> Any:
    uuid = f"0b9c7a52-0000-4000-8000-{number:012}"
    return parse_status({"task_uuid": uuid, "status": status, "flow_name": flow, "input": {"prompt": "a chair"} | sent})


@pytest.mark.parametrize(
    ("statuses", "found"),
    [
        ([], None),
        ([heard(1)], 1),
        ([heard(1), heard(2)], None),
        ([heard(1), heard(2, client_order_id="ours")], 2),
        ([heard(1, prompt="a table")], None),
        ([heard(1, flow="text-to-mesh")], None),
        ([heard(1, polygon_limit=1000)], None),
        ([heard(1, texture_size=4096)], 1),
        ([heard(1, status="FAILED"), heard(2), heard(3, status="CANCELLED")], 2),
        ([heard(1, status="FAILED"), heard(2, status="FAILED")], None),
        ([heard(1, status="FAILED")], 1),
    ],
)
def test_only_what_is_certain_is_taken_for_ours(statuses: list[Any], found: int | None) -> None:
    params = {"prompt": "a chair", "polygon_limit": 5000}
    record = TaskRecord("1", "text-to-model", "a chair", Stage.SUBMITTING, params=params, client_order_id="ours")
    assert pick(record, statuses) == (None if found is None else heard(found).task_uuid)


PAINT, PLAIN = "uploads/u/1/a b.png", "uploads/u/2/plain.glb"
PAINT_URL = "https://files.example.com/uploads/u/1/a%20b.png?X-Expires=1"
PLAIN_URL = "https://files.example.com/uploads/u/2/plain.glb"


@pytest.mark.parametrize(
    ("told", "is_ours"),
    [
        ({"image_url": PAINT_URL, "model_url": PLAIN_URL, "texture_size": 1024}, True),
        ({"image_file": PAINT, "model_file": PLAIN}, True),
        ({"image_file": PAINT_URL, "model_file": PLAIN_URL}, True),
        ({"image_url": PAINT_URL}, True),
        ({"image_url": PAINT_URL, "model_url": PLAIN_URL.replace("/2/", "/3/")}, False),
        ({"image_url": PAINT_URL, "model_file": "uploads/u/3/plain.glb"}, False),
        ({"image_url": PAINT_URL.replace("/1/", "/11/")}, False),
        ({"image_url": PAINT_URL, "model_url": PLAIN_URL, "polygon_limit": 1000}, False),
        ({"image_url": "https://[", "model_url": 7}, False),
        ({}, False),
    ],
)
def test_a_task_of_pictures_and_models_is_ours_by_its_files(told: dict[str, Any], is_ours: bool) -> None:
    record = TaskRecord(
        "1",
        "texture-model",
        "paint",
        Stage.SUBMITTING,
        params={"polygon_limit": 5000},
        file_keys={"image_file": PAINT, "model_file": PLAIN},
        client_order_id="ours",
    )
    told = {"task_uuid": heard(1).task_uuid, "status": "RUNNING", "flow_name": "texture-model", "input": told}
    assert pick(record, [parse_status(told)]) == (heard(1).task_uuid if is_ours else None)


def test_as_many_equal_orders_as_equal_tasks_have_one_each() -> None:
    params = {"prompt": "a chair", "polygon_limit": 5000}
    orders = [
        TaskRecord(name, "text-to-model", "a chair", Stage.SUBMITTING, params=params, client_order_id=f"order_{name}")
        for name in "ab"
    ]
    other = TaskRecord("c", "text-to-model", "a table", Stage.SUBMITTING, params=params | {"prompt": "a table"})
    tasks = [heard(2), heard(1), heard(3, prompt="a table")]
    found = {pick(order, tasks, [*reversed(orders), other]) for order in orders}
    assert found == {heard(1).task_uuid, heard(2).task_uuid}
    # With one task more, one of them may be somebody else's.
    assert {pick(order, [*tasks, heard(4)], orders) for order in orders} == {None}
    assert {pick(order, tasks, orders[:1]) for order in orders} == {None}
