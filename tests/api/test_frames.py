# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of the WebSocket, in every shape and in none. Plain Python, no ``bpy``."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.api.event_stream import MAX_MESSAGE_BYTES, FrameReader

RUNNING = {"task_uuid": "a-1", "flow_name": "text-to-model", "status": "RUNNING", "progress": 40}
DONE = {"task_uuid": "a-1", "flow_name": "text-to-model", "status": "SUCCESS", "progress": 100}
UPDATE = f"event: update\ndata: {json.dumps(RUNNING)}\n\n"
FINALIZED = f"event: finalized\ndata: {json.dumps(DONE)}\n\n"


def read(*messages: str | bytes) -> list[tuple[str, bool]]:
    reader = FrameReader()
    return [(frame.status.status, frame.finalized) for message in messages for frame in reader.feed(message)]


@pytest.mark.parametrize(
    "messages",
    [
        (UPDATE, FINALIZED),
        (UPDATE + FINALIZED,),
        (UPDATE.strip(), FINALIZED.strip()),
        (UPDATE.replace("\n", "\r\n"), FINALIZED.replace("\n", "\r")),
        (UPDATE.encode(), FINALIZED.encode()),
        (UPDATE.replace(": ", ":"), FINALIZED.replace("event: ", "event:")),
        (": keep-alive\n\n" + UPDATE, "id: 3\nretry: 100\n" + FINALIZED),
        ("\ufeff" + UPDATE, FINALIZED),
        (UPDATE.strip() + "\n" + FINALIZED,),
        ("event: update", f"data: {json.dumps(RUNNING)}", "event: finalized\n", f"data: {json.dumps(DONE)}\n\n"),
        (UPDATE.replace(json.dumps(RUNNING), json.dumps({"code": 0, "data": RUNNING})), FINALIZED),
        (
            f"event: update\ndata: {json.dumps(RUNNING, indent=1)}".replace("\n ", "\ndata:  ").replace(
                "\n}", "\ndata: }"
            ),
            FINALIZED,
        ),
    ],
)
def test_the_shapes_that_are_understood(messages: tuple[str | bytes, ...]) -> None:
    assert read(*messages) == [("RUNNING", False), ("SUCCESS", True)]


def test_json_without_the_shape() -> None:
    assert read(json.dumps(RUNNING), json.dumps([RUNNING, DONE])) == [
        ("RUNNING", False),
        ("RUNNING", False),
        ("SUCCESS", False),
    ]


@pytest.mark.parametrize(
    "nonsense",
    [
        "hello",
        "event: update\n\n",
        'event: update\ndata: {"task\n\n',
        "data: [1]\n\n",
        "data: null",
        b"\x00\xff",
        "{",
        "[" * 99_999,
    ],
)
def test_nonsense_is_left_out_and_does_no_harm(nonsense: str | bytes) -> None:
    assert read(nonsense, "\n\n", UPDATE) == [("RUNNING", False)]


def test_nonsense_is_counted() -> None:
    reader = FrameReader()
    for message in ('data: {"a\n\n', "data: 3\n\n", '{"status": 1}'):
        assert reader.feed(message) == []
    assert reader.malformed_count == 3


def test_data_that_never_ends_is_dropped() -> None:
    reader = FrameReader()
    piece = "data: {" + "x" * 1_000_000
    for _ in range(MAX_MESSAGE_BYTES // 1_000_000 + 1):
        assert reader.feed(piece) == []
    assert reader.malformed_count == 1
    assert [frame.status.status for frame in reader.feed("\n\n" + UPDATE)] == ["RUNNING"]


@given(
    st.lists(
        st.text() | st.binary() | st.sampled_from([UPDATE, FINALIZED, "event: update", "data: {", "\n\n", "data:"])
    )
)
def test_any_messages_are_survived(messages: list[str | bytes]) -> None:
    reader = FrameReader()
    for message in messages:
        reader.feed(message)
    reader.feed("\n\n")
    assert [frame.status.task_uuid for frame in reader.feed(UPDATE)] == ["a-1"]


@given(st.integers(1, 40))
def test_pieces_of_any_length_are_put_together_if_lines_stay_whole(size: int) -> None:
    lines = (UPDATE + FINALIZED).splitlines(keepends=True)
    messages = ["".join(lines[start : start + size]) for start in range(0, len(lines), size)]
    assert read(*messages) == [("RUNNING", False), ("SUCCESS", True)]
