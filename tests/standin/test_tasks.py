# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in: the course of a task, refusals, one order and one charge, account and uploads.

Plain Python, no ``bpy``.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.service import flows, models
from tests.service.server import StandIn
from tests.standin.caller import MINIMUM, PNG, Caller, plain_get, until

# -----------------------------------------------------------------------------
# Course of a task


def test_course(standin: StandIn, caller: Caller) -> None:
    task = caller.create()
    assert caller.status(task)["status"] == "PENDING"
    standin.state.clock.advance(1)
    waiting = caller.status(task)
    assert waiting["status"] == "QUEUED"
    assert waiting["queue"] == {"is_queued": True, "position": 3, "estimated_wait_seconds": 5}
    standin.state.clock.advance(4)
    assert caller.status(task)["queue"]["position"] == 1
    standin.state.clock.advance(1 + 7)
    running = caller.status(task)
    assert (running["status"], running["progress"], running["queue"]) == ("RUNNING", 50, None)
    assert running["started_at"]
    assert running["output"] is None
    standin.state.clock.advance(7)
    done = caller.status(task)
    assert (done["status"], done["progress"], done["error"]) == ("SUCCESS", 100, None)
    assert set(done["output"]) == {"geometry_model_url", "textured_model_url", "preview_url"}
    assert done["input"] == {"prompt": "a vase", "polygon_limit": 1_000_000, "texture_size": 1024, "turbo": False}


def test_time_by_itself() -> None:
    with StandIn(speed=200) as s:
        caller = Caller(s)
        task = caller.create()
        until(lambda: caller.status(task)["status"] == "SUCCESS", "success")


@pytest.mark.parametrize("flow", flows.FLOWS)
def test_every_flow(standin: StandIn, caller: Caller, flow: str) -> None:
    models.ensure(["geometry"])
    body = {**MINIMUM[flow], "client_order_id": "order_1-x"}
    data = caller.post(f"/tasks/{flow}", body).json()["data"]
    assert data["flow_name"] == flow
    standin.state.clock.advance(1000)
    assert caller.status(data["task_uuid"])["status"] == "SUCCESS"
    links = caller.get(f"/tasks/url/{data['task_uuid']}").json()
    if flow == "prompt-optimization":
        assert links["code"] == 4042
    else:
        begin = plain_get(links["data"]["download_url"]).content[:4]
        assert begin == (b"\x89PNG" if flow in ("model-preview-render", "image-generation") else b"glTF")


def test_input_of_an_image_task(caller: Caller) -> None:
    shown = caller.status(caller.create("image-to-model"))["input"]
    assert shown == {
        "image_url": "https://example.com/a.png",
        "model_version": "v2",
        "polygon_limit": 1_000_000,
        "texture_size": 1024,
    }


def test_outcomes_by_words_and_money(standin: StandIn, caller: Caller) -> None:
    before = caller.balance()[0]
    tasks = {word: caller.create(prompt=f"please {word}") for word in ("fail", "cancel", "nofile", "shine")}
    assert caller.balance() == (before - 80, 80)
    standin.state.clock.advance(1000)
    ends = {word: caller.status(task) for word, task in tasks.items()}
    assert [end["status"] for end in ends.values()] == ["FAILED", "CANCELLED", "SUCCESS", "SUCCESS"]
    assert set(ends["fail"]["error"]) == {"code", "message", "suggestion"}
    assert caller.balance() == (before - 40, 0)
    assert standin.state.user.charged == 40
    assert caller.get(f"/tasks/url/{tasks['nofile']}").json()["code"] == 4042
    assert caller.get(f"/tasks/url/{tasks['fail']}").json()["code"] == 2005


def test_hold_and_finish(standin: StandIn, caller: Caller) -> None:
    task = caller.create(prompt="hold on")
    standin.state.clock.advance(10_000)
    assert caller.status(task)["status"] == "RUNNING"
    standin.state.finish(task, "FAILED")
    assert caller.status(task)["status"] == "FAILED"
    slow = caller.create(prompt="queue:100 run:200")
    standin.state.clock.advance(1 + 50)
    assert caller.status(slow)["queue"]["estimated_wait_seconds"] == 50
    standin.state.clock.advance(50 + 100)
    assert caller.status(slow)["progress"] == 50


# -----------------------------------------------------------------------------
# Refusals


@pytest.mark.parametrize(
    ("flow", "body", "code", "http_status"),
    [
        ("text-to-model", {"prompt": "ab"}, 1004, 400),
        ("text-to-model", {"prompt": 7}, 1004, 400),
        ("text-to-model", {}, 1004, 400),
        ("text-to-model", {"prompt": "vase", "polygon_limit": 999}, 1004, 400),
        ("text-to-model", {"prompt": "vase", "polygon_limit": 1_500_001}, 1004, 400),
        ("text-to-model", {"prompt": "vase", "texture_size": 4097}, 1004, 400),
        ("text-to-model", {"prompt": "vase", "turbo": "yes"}, 1004, 400),
        ("text-to-model", {"prompt": "vase", "made_up": 1}, 1004, 400),
        ("text-to-model", {"prompt": "vase", "client_order_id": "no spaces"}, 1004, 400),
        ("text-to-model", {"prompt": "vase", "client_order_id": "x" * 65}, 1004, 400),
        ("text-to-model", ["prompt"], 1004, 400),
        ("text-to-model", {"prompt": "a forbidden vase"}, 2008, 400),
        ("texture-model", {"image_file": "https://e.com/a", "model_file": "https://e.com/b", "turbo": True}, 1004, 400),
        ("image-to-model", {"image_file": "uploads/not/there.png"}, 1004, 400),
        ("model-preview-render", {"model_file": "https://e.com/b", "image_count": 11}, 1004, 400),
        ("sing-a-song", {"prompt": "vase"}, 2002, 400),
    ],
)
def test_refused(standin: StandIn, caller: Caller, flow: str, body: Any, code: int, http_status: int) -> None:
    answer = caller.post(f"/tasks/{flow}", body)
    assert (answer.status_code, answer.json()["code"]) == (http_status, code)
    assert set(answer.json()) == {"code", "message", "suggestion"}
    assert answer.json()["suggestion"]
    assert not standin.state.tasks
    assert [made.refused_code for made in standin.state.creations] == [code]


def test_credits(standin: StandIn, caller: Caller) -> None:
    standin.state.user.balance = 19
    answer = caller.post("/tasks/text-to-model", MINIMUM["text-to-model"])
    assert (answer.status_code, answer.json()["code"]) == (403, 2010)
    assert caller.balance() == (19, 0)


def test_keys(standin: StandIn, caller: Caller) -> None:
    task = caller.create()
    wrong = Caller(standin, key="wrong")
    assert wrong.get("/users/me").status_code == 401
    standin.settings.bad_key_status = 403
    assert wrong.get("/users/me").status_code == 403
    standin.state.add_user("second-key", name="second")
    other = Caller(standin, key="second-key")
    assert other.get(f"/tasks/{task}").json()["code"] == 1006
    assert other.get("/users/me").json()["data"]["email"] == "second@example.com"
    assert caller.get("/tasks/no-such-task").status_code == 404
    assert caller.get("/no/such/address").json()["code"] == 1005


def test_queue_full(standin: StandIn, caller: Caller) -> None:
    standin.settings.max_active, standin.settings.retry_after_s = 1, 7
    caller.create()
    answer = caller.post("/tasks/text-to-model", {"prompt": "one more"})
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (429, 2000, "7")
    standin.state.clock.advance(1000)
    caller.create()


def test_read_after_write(standin: StandIn, caller: Caller) -> None:
    standin.settings.invisible_s = 2
    data = caller.post("/tasks/text-to-model", {"prompt": "a vase"}).json()["data"]
    assert data["read_after_write_deadline_seconds"] == 2
    assert caller.get(f"/tasks/{data['task_uuid']}").json()["code"] == 1006
    standin.state.clock.advance(2)
    assert caller.status(data["task_uuid"])["status"] == "QUEUED"


# -----------------------------------------------------------------------------
# One order, one charge


def test_same_order(standin: StandIn, caller: Caller) -> None:
    task = caller.create(client_order_id="order-1")
    assert caller.create(client_order_id="order-1") == task
    standin.settings.on_same_order = "conflict"
    answer = caller.post("/tasks/text-to-model", {"prompt": "a vase", "client_order_id": "order-1"})
    assert answer.status_code == 409
    assert "client_order_id" in answer.json()["message"]
    assert task not in answer.text
    standin.settings.on_same_order = "named"
    answer = caller.post("/tasks/text-to-model", {"prompt": "a vase", "client_order_id": "order-1"})
    assert answer.status_code == 400
    assert task in answer.json()["message"]
    assert caller.create(client_order_id="order-2") != task
    assert standin.state.charged_per_order() == {"order-1": 1, "order-2": 1}
    assert [made.charged for made in standin.state.creations] == [True, False, False, False, True]
    assert caller.balance()[1] == 40


def test_duplicate_window(standin: StandIn, caller: Caller) -> None:
    standin.settings.duplicate_window_s = 10
    first = caller.create()
    assert caller.post("/tasks/text-to-model", {"prompt": "a vase"}).status_code == 409
    assert caller.create(prompt="another vase") != first
    assert caller.create(allow_duplicate=True) != first
    standin.settings.on_duplicate = "payload"
    assert caller.create() in standin.state.tasks
    standin.state.clock.advance(10)
    caller.create()
    assert len(standin.state.charged()) == 4


# -----------------------------------------------------------------------------
# Account, uploads


def test_quote_is_the_price(caller: Caller) -> None:
    params = {"prompt": "a vase", "texture_size": 4096, "polygon_limit": 1_200_000, "turbo": False}
    quote = caller.post("/tasks/pricing/quote", {"flow_name": "text-to-model", "params": params}).json()["data"]
    assert quote["params"] == {"texture_size": 4096, "polygon_limit": 1_200_000, "turbo": False}
    assert quote["available_credits"] == 10_000
    before = caller.balance()[0]
    caller.create(**params)
    assert before - caller.balance()[0] == quote["cost_credits"] == 30
    assert caller.post("/tasks/pricing/quote", {"flow_name": "none", "params": {}}).json()["code"] == 2002


def test_upload_is_usable_and_limited(standin: StandIn, caller: Caller) -> None:
    key = caller.post("/upload/image", files={"file": ("my vase.png", PNG, "image/png")}).json()["data"]["file_key"]
    assert standin.state.uploads[key].size_bytes == len(PNG)
    task = caller.create("image-to-model", image_file=key)
    assert caller.status(task)["input"]["image_url"].startswith(f"{standin.asset_url}/{key}?")
    glb = ("m.glb", b"glTF" + b"\0" * 16, "model/gltf-binary")
    assert caller.post("/upload/model?modelVariant=textured", files={"file": glb}).status_code == 200
    assert caller.post("/upload/model", files={"file": glb}).json()["code"] == 1004
    for _ in range(8):
        caller.post("/upload/image", files={"file": ("a.png", PNG, "image/png")})
    answer = caller.post("/upload/model?modelVariant=geometry", files={"file": glb})
    assert (answer.status_code, answer.json()["code"]) == (429, 2000)
    standin.state.clock.advance(60)
    assert caller.post("/upload/model?modelVariant=geometry", files={"file": glb}).status_code == 200


@pytest.mark.parametrize(
    ("path", "name", "content", "content_type", "code"),
    [
        ("/upload/image", "a.png", b"GIF89a" + b"\0" * 20, "image/png", 2004),
        ("/upload/image", "a.gif", b"GIF89a" + b"\0" * 20, "image/gif", 2004),
        ("/upload/image", "a.png", PNG, "application/octet-stream", 2004),
        ("/upload/image", "a.png", b"", "image/png", 1004),
        ("/upload/image", "a.png", PNG * 40, "image/png", 1004),
        ("/upload/image", "forbidden.png", PNG, "image/png", 2008),
        ("/upload/model?modelVariant=textured", "a.glb", PNG, "model/gltf-binary", 2004),
        ("/upload/model?modelVariant=textured", "a.glb", b"glTF" * 9, "application/octet-stream", 2004),
        ("/upload/model?modelVariant=no", "a.glb", b"glTF" * 9, "model/gltf-binary", 1004),
    ],
)
def test_upload_refused(
    standin: StandIn, caller: Caller, path: str, name: str, content: bytes, content_type: str, code: int
) -> None:
    standin.settings.max_image_bytes = 2000
    assert caller.post(path, files={"file": (name, content, content_type)}).json()["code"] == code
    assert not standin.state.uploads
