# SPDX-License-Identifier: GPL-3.0-or-later
"""A client without any cleverness, for tests of the stand-in itself. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from typing import Any

import requests

from tests.service.server import StandIn

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
MINIMUM: dict[str, dict[str, Any]] = {
    "text-to-model": {"prompt": "a vase"},
    "image-to-model": {"image_file": "https://example.com/a.png"},
    "texture-model": {"image_file": "https://example.com/a.png", "model_file": "https://example.com/a.glb"},
    "text-to-mesh": {"prompt": "a vase"},
    "image-to-mesh": {"image_file": "https://example.com/a.png"},
    "text-to-texture": {"model_file": "https://example.com/a.glb", "text_prompt": "gold"},
    "multiview-to-model": {"front_image": "https://example.com/a.png"},
    "model-preview-render": {"model_file": "https://example.com/a.glb"},
    "model-remesh": {"model_file": "https://example.com/a.glb"},
    "convert-model-format": {"model_file": "https://example.com/a.glb", "target_format": "obj"},
    "image-generation": {"prompt": "a vase"},
    "prompt-optimization": {"prompt": "a vase"},
}

PATIENCE_S = 60.0


class Caller:
    """A client without any cleverness."""

    def __init__(self, standin: StandIn, key: str | None = None) -> None:
        self.standin = standin
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {standin.key if key is None else key}"

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.standin.url + path, timeout=PATIENCE_S, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self.session.post(self.standin.url + path, json=body, timeout=PATIENCE_S, **more)

    def create(self, flow: str = "text-to-model", **body: Any) -> str:
        answer = self.post(f"/tasks/{flow}", {**MINIMUM[flow], **body})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["task_uuid"]

    def status(self, task: str) -> dict[str, Any]:
        return self.get(f"/tasks/{task}").json()["data"]

    def finished(self, **body: Any) -> str:
        """Create a task and jump to its end."""
        task = self.create(**body)
        self.standin.state.clock.advance(1000)
        assert self.status(task)["completed_at"]
        return task

    def balance(self) -> tuple[int, int]:
        data = self.get("/users/balance").json()["data"]
        return data["balance"], data["frozen"]


def plain_get(url: str, **more: Any) -> requests.Response:
    """Fetch an asset, without a key."""
    return requests.get(url, timeout=PATIENCE_S, **more)


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"never came: {what}")


def link_of(caller: Caller, task: str) -> str:
    return caller.get(f"/tasks/url/{task}").json()["data"]["download_url"]


def gltf(glb: bytes) -> dict[str, Any]:
    magic, _version, length, json_length = struct.unpack_from("<4sIII", glb)
    assert (magic, length) == (b"glTF", len(glb))
    return json.loads(glb[20 : 20 + json_length])
