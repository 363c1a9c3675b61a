# SPDX-License-Identifier: GPL-3.0-or-later
"""
Payloads, answers, frames, GLBs and stored rows, from valid to anything: understood, or refused with the error meant.

In CI a bounded number of tries, the same ones each time. Longer, and new ones each time, by hand::

    TRIVERSE_FUZZ_TRIES=200000 python scripts/test.py tests/fuzz
"""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import seeds
from tests.tasks.glb.test_glb import WHOLE, packed
from triverse_addon.api import payloads
from triverse_addon.api.errors import BadAnswerError, ServiceError
from triverse_addon.api.event_stream import FrameReader
from triverse_addon.api.responses import read_answer, retry_after
from triverse_addon.tasks.engine.service_updates import apply_status, record_of
from triverse_addon.tasks.files import image_size
from triverse_addon.tasks.glb import glb_check
from triverse_addon.tasks.record.record import new_id
from triverse_addon.tasks.store.codec import to_json

_TRIES = int(os.environ.get("TRIVERSE_FUZZ_TRIES", "0"))
FUZZ = settings(
    max_examples=_TRIES or 300,
    derandomize=not _TRIES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

ANYTHING = st.recursive(
    st.sampled_from(seeds.SPICE) | st.text(max_size=20) | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        found += _places(inner, (*path, step))
    return found


def _change(document: Any, path: tuple[Any, ...], value: object) -> Any:
    document = copy.deepcopy(document)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


@st.composite
def changed(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to three places changed, or something else altogether."""
    if draw(st.integers(0, 9)) == 0:
        return draw(ANYTHING)
    for _ in range(draw(st.integers(1, 3))):
        places = _places(document)
        if places:
            document = _change(document, draw(st.sampled_from(places)), draw(ANYTHING))
    return document


@st.composite
def broken(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with some changed, cut off, doubled or taken out."""
    made = bytearray(data)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(made) - 1)))
        kind = draw(st.integers(0, 3))
        if kind == 0 and made:
            made[at] = draw(st.integers(0, 255))
        elif kind == 1:
            del made[at : at + draw(st.integers(1, 40))]
        elif kind == 2:
            made[at:at] = draw(st.binary(max_size=12))
        else:
            made[at:at] = made[at : at + 60]
    return bytes(made)


PARSERS: dict[str, tuple[Callable[[Any], object], object]] = {
    "status": (payloads.parse_status, seeds.STATUS),
    "created": (payloads.parse_created, seeds.CREATED),
    "links": (payloads.parse_links, seeds.LINKS),
    "quote": (payloads.parse_quote, seeds.QUOTE),
    "account": (payloads.parse_account, seeds.ACCOUNT),
    "balance": (payloads.parse_balance, seeds.BALANCE),
    "file key": (payloads.parse_file_key, {"file_key": "uploads/a.png"}),
}


@pytest.mark.parametrize("name", PARSERS)
@FUZZ
@given(data=st.data())
def test_payloads(name: str, data: st.DataObject) -> None:
    parse, whole = PARSERS[name]
    value = data.draw(changed(whole))
    try:
        found = parse({"code": 0, "data": value} if data.draw(st.booleans()) else value)
    except BadAnswerError:
        return
    if isinstance(found, payloads.TaskStatus):
        record = record_of(found, record_id=new_id())
        record = record.with_(**apply_status(record, found))
        assert all(
            t is None or math.isfinite(t) for t in (record.created_at_s, record.started_at_s, record.queue_wait_s)
        )


@pytest.mark.parametrize("escaped", [True, False])
@FUZZ
@given(value=changed(seeds.STATUS))
def test_whatever_comes_can_be_stored(value: object, escaped: bool) -> None:
    """From the bytes on: half characters, escaped or raw, are replaced where JSON is read."""
    try:
        text = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
        answer = read_answer(200, {}, text)
        found = payloads.parse_status(answer)
    except (BadAnswerError, ServiceError, ValueError):
        return
    record = record_of(found, record_id=new_id())
    to_json(record).encode("utf-8")
    "".join([record.name, record.flow, record.service_status, record.task_uuid or ""]).encode("utf-8")


@FUZZ
@given(seed=st.sampled_from(seeds.ANSWERS), status=st.integers(200, 599), data=st.data())
def test_answers(seed: bytes, status: int, data: st.DataObject) -> None:
    body = data.draw(broken(seed))
    said = "an object"
    try:
        assert isinstance(read_answer(status, {"Retry-After": data.draw(st.text(max_size=12))}, body), dict)
    except (BadAnswerError, ServiceError) as error:
        said = str(error)
    assert said


@FUZZ
@given(text=st.text(max_size=40))
def test_retry_after(text: str) -> None:
    wait_s = retry_after({"retry-after": text})
    assert wait_s is None or 0.0 <= wait_s <= 600.0


@FUZZ
@given(messages=st.lists(st.sampled_from(seeds.FRAMES).flatmap(lambda s: broken(s.encode())), min_size=1, max_size=4))
def test_frames(messages: list[bytes]) -> None:
    reader = FrameReader()
    for message in messages:
        for told in reader.feed(message if len(message) % 2 else message.decode("utf-8", "replace")):
            assert told.status.task_uuid
    # Whatever came before, the next whole frame is understood.
    (told,) = reader.feed("\n\n" + seeds.FRAMES[0])[-1:]
    assert told.status.task_uuid == seeds.UUID


@FUZZ
@given(data=st.data())
def test_glbs(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.glb"
    try:
        whole = packed(data.draw(changed(WHOLE)))
    except (ValueError, UnicodeEncodeError):
        return
    path.write_bytes(data.draw(broken(whole)) if data.draw(st.booleans()) else whole)
    said = "."
    try:
        glb_check.check(path)
    except glb_check.GlbError as error:
        said = str(error.sentence)
    assert said.endswith(".")


@FUZZ
@given(data=st.data(), name=st.sampled_from(["png", "jpeg", "webp"]))
def test_pictures(tmp_path: Path, name: str, data: st.DataObject) -> None:
    from tests.reliability import test_hostile_models as made

    path = tmp_path / "picture"
    path.write_bytes(data.draw(broken(getattr(made, name)(640, 480))))
    with path.open("rb") as file:
        size = image_size.size_px(file, path.stat().st_size)
    assert size is None or len(size) == 2


def test_the_seeds_themselves() -> None:
    for parse, whole in PARSERS.values():
        parse(json.loads(json.dumps(whole)))
