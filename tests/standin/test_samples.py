# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in: its sample models, its clock, and its control over HTTP. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path

import pytest
import requests

from tests.service import models
from tests.service.clock import Clock
from tests.service.server import StandIn
from tests.standin.caller import PATIENCE_S, Caller, gltf, link_of, plain_get, until

# -----------------------------------------------------------------------------
# Samples, clock, control over HTTP


def test_choice_of_the_sample() -> None:
    def chosen(words: str, limit: int = 1_000_000, geometry: bool = False) -> tuple[str, str]:
        choice = models.choose(words, limit, "20k", geometry_only=geometry)
        return choice.sample, choice.spoiled

    assert chosen("a vase") == ("20k", "")
    assert chosen("a vase", 1000) == ("1k", "")
    assert chosen("a vase", geometry=True) == ("geometry", "")
    assert chosen("TRIS:1.5M vase") == ("1.5m", "")
    assert chosen("uploads/artist/00/tris-100k_corrupt.png") == ("100k", "corrupt")
    assert chosen("multi") == ("multi", "")
    assert chosen("multitude of scenes") == ("scenes", "")


def test_facts_come_from_the_file() -> None:
    facts = models.facts("20k")
    doc = gltf(models.glb_path("20k").read_bytes())
    triangles = sum(
        doc["accessors"][one["indices"]]["count"] // 3 for mesh in doc["meshes"] for one in mesh["primitives"]
    )
    assert facts["triangles"] == triangles == 20_000
    assert len(doc["images"]) == 3
    assert struct.unpack_from(">II", models.preview_path("20k").read_bytes(), 16) == (1024, 1024)


def test_a_missing_sample_is_made_while_the_task_runs(
    standin: StandIn, caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVERSE_BPY_PYTHON", str(models.bpy_python()))
    monkeypatch.setenv("TRIVERSE_DEV_CACHE", str(tmp_path))
    task = caller.create("text-to-mesh")
    standin.state.clock.advance(1000)
    assert caller.status(task)["status"] == "RUNNING"
    until(lambda: caller.status(task)["status"] == "SUCCESS", "the sample")
    assert gltf(plain_get(link_of(caller, task)).content)["meshes"]
    assert [path.name for path in models.folder("geometry").parent.iterdir()] == ["geometry"]


def test_a_sample_that_cannot_be_made_fails_the_task(
    standin: StandIn, caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVERSE_BPY_PYTHON", str(tmp_path / "no-python"))
    monkeypatch.setenv("TRIVERSE_DEV_CACHE", str(tmp_path))
    task = caller.create()
    until(lambda: caller.status(task)["status"] == "FAILED", "the failure")
    assert "cannot be started" in caller.status(task)["error"]["message"]
    assert caller.balance() == (10_000, 0)


def test_stamps_follow_the_wall_clock() -> None:
    clock = Clock(speed=0)
    created = clock.now()
    made_at_s = clock.wall(created)
    clock.advance(3600)
    assert made_at_s - 1 <= clock.wall(clock.now()) <= time.time()
    assert clock.wall(created) == made_at_s
    clock.speed = 100
    assert clock.real(50) == 0.5
    ahead = clock.wall(clock.now() + 1000) - clock.wall(clock.now())
    assert 9 < ahead < 11


def test_control_over_http(standin: StandIn, caller: Caller) -> None:
    control = f"{standin.origin}/_standin"
    ids = requests.post(f"{control}/faults", json=[{"kind": "create", "status": 503}], timeout=PATIENCE_S).json()["ids"]
    assert caller.post("/tasks/text-to-model", {"prompt": "a vase"}).status_code == 503
    assert requests.get(f"{control}/faults", timeout=PATIENCE_S).json() == [
        {"kind": "create", "status": 503, "id": ids[0], "seen": 1, "hits": 1}
    ]
    requests.delete(f"{control}/faults", timeout=PATIENCE_S)
    assert standin.faults.to_json() == []
    assert requests.post(f"{control}/faults", json={"kind": "nonsense"}, timeout=PATIENCE_S).status_code == 400
    assert requests.post(f"{control}/faults", json={"nonsense": 1}, timeout=PATIENCE_S).status_code == 400
    task = caller.create(client_order_id="order-1")
    requests.post(f"{control}/time", json={"advance_s": 1000}, timeout=PATIENCE_S)
    told = requests.get(f"{control}/state", timeout=PATIENCE_S).json()
    assert [(one["task_uuid"], one["status"], one["sample"]) for one in told["tasks"]] == [(task, "SUCCESS", "20k")]
    requests.post(f"{control}/settings", json={"dialect": "bare"}, timeout=PATIENCE_S)
    assert standin.settings.dialect == "bare"
    assert requests.post(f"{control}/settings", json={"no": 1}, timeout=PATIENCE_S).status_code == 400
    requests.post(f"{control}/account", json={"balance": 3}, timeout=PATIENCE_S)
    assert caller.balance()[0] == 3
    log = requests.get(f"{control}/log?kind=create", timeout=PATIENCE_S).json()
    assert [one["status"] for one in log["requests"]] == [503, 200]
    assert [(one["client_order_id"], one["charged"]) for one in log["creations"]] == [("order-1", True)]
    assert standin.key not in json.dumps(log)
