# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in: files, their links, and older dialects of its answers. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
import struct
from urllib.parse import quote

import pytest

from tests.service import models
from tests.service.server import StandIn
from tests.standin.caller import PATIENCE_S, Caller, gltf, link_of, plain_get

# -----------------------------------------------------------------------------
# Files


def test_download_and_range(standin: StandIn, caller: Caller) -> None:
    task = caller.finished()
    url = link_of(caller, task)
    whole = plain_get(url)
    assert whole.content == models.glb_path("20k").read_bytes()
    assert whole.headers["Content-Type"] == "model/gltf-binary"
    tag = whole.headers["ETag"]
    rest = plain_get(url, headers={"Range": "bytes=1000-", "If-Range": tag})
    assert (rest.status_code, rest.content) == (206, whole.content[1000:])
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(whole.content) - 1}/{len(whole.content)}"
    assert plain_get(url, headers={"Range": "bytes=5-9"}).content == whole.content[5:10]
    assert plain_get(url, headers={"Range": "bytes=1000-", "If-Range": '"other"'}).status_code == 200
    assert plain_get(url, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416
    attached = caller.get(f"/tasks/download/{task}")
    assert attached.content == whole.content
    assert attached.headers["Content-Type"] == "application/octet-stream"
    assert attached.headers["Content-Disposition"] == f'attachment; filename="{task}.glb"'
    assert [one.range for one in standin.state.seen("asset")][:2] == [None, "bytes=1000-"]


def test_geometry_has_the_same_triangles_and_no_textures(caller: Caller) -> None:
    output = caller.status(caller.finished())["output"]
    plain, textured = (gltf(plain_get(output[key][0]).content) for key in ("geometry_model_url", "textured_model_url"))
    assert plain["accessors"] == textured["accessors"]
    assert "images" not in plain
    assert len(textured["images"]) == 3
    assert plain_get(output["preview_url"]).content.startswith(b"\x89PNG")


def test_spoiled_models(caller: Caller) -> None:
    size = models.glb_path("20k").stat().st_size
    for word in ("corrupt", "emptyglb", "badmagic", "shortglb", "unsupported"):
        got = plain_get(link_of(caller, caller.finished(prompt=f"a {word} vase"))).content
        if word == "corrupt":
            assert got[:4] == b"glTF"
            with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
                gltf(got)
        elif word == "unsupported":
            assert "TRIVERSE_not_known" in gltf(got)["extensionsRequired"]
        else:
            assert len(got) == {"emptyglb": 0, "shortglb": size // 2}.get(word, len(got))
            assert got[:4] != b"glTF" or len(got) < struct.unpack_from("<I", got, 8)[0]


def test_links_expire_and_are_signed(standin: StandIn, caller: Caller) -> None:
    standin.settings.url_life_s = 30
    task = caller.finished()
    url = link_of(caller, task)
    assert plain_get(url).status_code == 200
    standin.state.clock.advance(31)
    late = plain_get(url)
    assert late.status_code == 403
    assert "<Message>Request has expired</Message>" in late.text
    assert plain_get(link_of(caller, task)).status_code == 200
    assert "SignatureDoesNotMatch" in plain_get(url[:-1]).text


def test_a_leaked_key_is_noted(standin: StandIn, caller: Caller) -> None:
    url = link_of(caller, caller.finished())
    plain_get(url)
    assert standin.state.leaks == []
    assert caller.session.get(url, timeout=PATIENCE_S).status_code == 400
    plain_get(url, headers={"X-Whatever": standin.key})
    plain_get(f"{url}&token={quote(standin.key, safe='')}")
    caller.get(f"/users/me?token={quote(standin.key, safe='')}")
    places = [(leak.port, leak.where) for leak in standin.state.leaks]
    assert places == [
        *[("assets", "header Authorization"), ("assets", "header X-Whatever")],
        *[("assets", "query"), ("api", "query")],
    ]
    assert standin.key not in json.dumps([vars(one) for one in standin.state.requests])


# -----------------------------------------------------------------------------
# Dialects


def test_old_dialect(standin: StandIn, caller: Caller) -> None:
    standin.settings.dialect = "old"
    data = caller.post("/tasks/text-to-model", {"prompt": "a vase"}).json()["data"]
    assert {"taskId", "costCredits"} <= set(data)
    standin.state.clock.advance(10)
    running = caller.status(data["taskId"])
    assert "progress" not in running
    assert "preprocessed_image_url" in running["output"]
    standin.state.clock.advance(10)
    assert isinstance(caller.status(data["taskId"])["output"]["textured_model_url"], str)


def test_bare_dialect(standin: StandIn, caller: Caller) -> None:
    standin.settings.dialect = "bare"
    data = caller.post("/tasks/text-to-model", {"prompt": "a vase"}).json()["data"]
    assert set(data) == {"task_uuid", "status"}
    assert set(caller.status(data["task_uuid"])) == {"task_uuid", "status"}
    standin.state.clock.advance(100)
    assert set(caller.status(data["task_uuid"])) == {"task_uuid", "status", "output"}
    assert set(caller.get(f"/tasks/url/{data['task_uuid']}").json()["data"]) == {"download_url"}
