# SPDX-License-Identifier: GPL-3.0-or-later
"""
Inputs that fuzzing starts from, and those that once found a fault; the latter are tried first, for ever.

A found input is added here by hand, as Hypothesis prints it.
"""

from __future__ import annotations

import json

UUID = "7b4c0c1e-7d2f-4a59-9a5e-0f6f4f6f2b11"

STATUS = {
    "task_uuid": UUID,
    "flow_name": "text-to-model",
    "status": "SUCCESS",
    "progress": 100,
    "created_at": "2026-05-04T10:11:12.123Z",
    "started_at": "2026-05-04T10:11:13Z",
    "completed_at": None,
    "input": {"prompt": "a stone well", "polygon_limit": 1000},
    "output": {"textured_model_url": ["https://files.example.invalid/a.glb"], "preview_url": "https://x.invalid/p.png"},
    "error": {"code": 5001, "message": "no", "suggestion": "again"},
    "queue": {"is_queued": True, "position": 3, "estimated_wait_seconds": 12.5},
}
CREATED = {"task_uuid": UUID, "flow_name": "text-to-model", "status": "PENDING", "cost_credits": 20, "queue": None}
LINKS = {"download_url": "https://x.invalid/a", "preview_url": None, "asset_id": "a", "kind": "glb"}
QUOTE = {"flow_name": "text-to-model", "params": {"turbo": True}, "cost_credits": 20, "available_credits": 7}
ACCOUNT = {"id": 7, "email": "a@b.invalid", "web_credits_balance": 1, "api_credits_balance": "2", "plan_name": "Pro"}
BALANCE = {"balance": 3, "frozen": 4}

#: Values that are put into any place of the above.
SPICE: list[object] = [
    # Found on 2026-11-24: half a character in a prompt or an address ended the thread that wrote it into the store.
    *("a\ud800b", "\udfff", "https://x.invalid/\ud800"),
    *(None, True, False, 0, -1, 10**400, 1e308, float("inf"), float("nan"), "", "\0", "x" * 10_000, "1e400"),
    *(
        [],
        {},
        [[[]]],
        {"": None},
        [None] * 100,
        "9999-12-31T23:59:59Z",
        "0000-00-00T00:00:00Z",
        "2026-05-04T10:11:12+99:99",
    ),
    *("https://[", "http://127.0.0.1/", "-9223372036854775809", "NaN", "١٢", "１２"),
]

FRAMES = [
    f"event: update\ndata: {json.dumps(STATUS)}\n\n",
    f"event: finalized\r\ndata: {json.dumps({'code': 0, 'data': STATUS})}\r\n\r\n",
    f": ping\n\ndata: {json.dumps([STATUS, STATUS])}\n\nevent: update\ndata: {{\ndata: }}\n\n",
    "data:\n\n",
    "\ufeffdata: {}\r\r",
    "event",
]
ANSWERS = [
    b'{"code": 0, "message": "success", "data": {"file_key": "a"}}',
    b'{"code": 1004, "message": "no", "suggestion": "try"}',
    b'{"detail": [{"loc": ["body", "prompt"], "msg": "too short"}]}',
    b'{"error": {"code": "2010", "message": "credits"}}',
    b"<html></html>",
    b"\xff\xfe{\x00}\x00",
    b"",
]

# ---------------------------------------------------------------------
# Files

TABLES = [
    b"name,prompt,image,catalog,polygon_limit,height,ground\nOak chair,a chair,,Props/Chairs,20000,0.9,yes\n",
    b'sep=;\r\nname;prompt;height;tags\r\n"Oak; chair";"a ""big"" chair";0,9;"wood,old"\r\n',
    "\ufeffname\tprompt\nStuhl\tein Stuhl\n椅子\t一把椅子\n".encode(),
    "name,prompt\nA,a chair\n".encode("utf-16"),
    b'{"name": "Oak chair", "prompt": "a chair", "tags": ["wood", "old"], "height": 0.9}\n{"prompt": "a lamp"}\n',
    b'[{"name": "Oak chair", "prompt": "a chair"}, {"prompt": "a lamp", "turbo": true}]',
]
ENTRY = {
    "order_id": "batch_1",
    "row_key": "a1b2",
    "stem": "chair",
    "state": "done",
    "order": "batch_1_r2",
    "task_uuid": UUID,
    "recipe": "0123abcd",
    "name": "Chair",
    "flow": "text-to-model",
    "prompt": "a chair",
    "catalog": "Props/Chairs",
    "tags": ["wood"],
    "files": {"blend": "chair.blend", "thumbnail": "thumbnails/chair.png", "obj": "chair-obj/chair.obj"},
    "triangles": 20000,
    "cost_credits": 20,
    "created_at_s": 1.5e9,
    "error": "",
}
CATALOGS = [
    b"# a comment\n\nVERSION 1\n\n3f8a5e1e-0000-4000-8000-000000000001:Props/Chairs:Props-Chairs\n",
    b"VERSION 1\r\n3f8a5e1e-0000-4000-8000-000000000001:Props:Props\r\nno uuid:Props:Props\r\n",
    b"",
]
COLUMNS: dict[str, object] = {
    "id": "a1",
    "task_uuid": UUID,
    "client_order_id": "a1",
    "stage": "waiting",
    "flow": "text-to-model",
    "name": "A chair",
    "created_at_s": 1.5e9,
    "updated_at_s": 1.5e9,
    "following": 1,
    "revision": 3,
}
STORED = {
    "params": {"prompt": "a chair", "polygon_limit": 1000},
    "sources": {"image_file": "/a/b.png"},
    "links": {},
    "note": {"template": "{name} waits.", "args": {"name": "x"}},
    "origin": {"session": "s", "file": "/a.blend", "scene_id": "c"},
    "placement": {"location": [0.0, 1.0, 2.0]},
    "progress": 50,
}
REMEMBERED = {
    "file": "/tables/rows.csv",
    "library": "/tables/rows-library",
    "jobs": 8,
    "agreed": ["batch_1"],
    "credits": 20,
    "owner": "",
    "at_s": 1.5e9,
}
HEADER_VALUES = [
    *("bytes 5-9/10", "bytes 0-9/10", "bytes */10", "bytes 5-", "5-9/10", '"abc"', 'W/"abc"', "", "gzip", "identity"),
    *("Sun, 29 Nov 2026 10:00:00 GMT", "Sun, 29 Nov 2026 10:00:01 GMT", "Sun, 29 Nov 0000 10:00:00 -9999"),
    *("10", "-1", "1e3", "9" * 400, "٣", "1_0", "+5", "0x10", " 7 "),
]
ADDRESSES = [
    "https://api.triverse.ai/api/v1",
    "https://x.invalid:8443/a/b.glb?token=a&b=c#d",
    "http://127.0.0.1:8000/api/v1",
    "http://[::1]:8000/",
    "https://user:secret@x.invalid/",
    "https://bücher.invalid/ä",
]
LOCATIONS = [
    *("/other", "//y.invalid/a", "https://y.invalid/a", "http://y.invalid/", "?x=1", "", "file:///etc/hostname"),
    *("https://x.invalid\\@y.invalid/", "https://[", "javascript:alert(1)", "HTTPS://X.INVALID/"),
]
