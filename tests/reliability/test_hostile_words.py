# SPDX-License-Identifier: GPL-3.0-or-later
"""
Whatever the service writes into its fields: no path leaves the download folder, no address but https is opened, no
text reaches the panel with control characters or at any length.

One: ``python scripts/test.py tests/reliability/test_hostile_words.py``.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import running
from triverse_addon.api import payloads
from triverse_addon.api.errors import BadAnswerError, NotFoundError
from triverse_addon.api.urls import check_asset_url
from triverse_addon.tasks.engine.service_updates import apply_status, record_of
from triverse_addon.tasks.files.folders import folder_for
from triverse_addon.tasks.record import provenance, status_text
from triverse_addon.tasks.record.events import TasksFound
from triverse_addon.tasks.record.record import Stage, TaskRecord, new_id

#: What a hostile or broken service may write where a text belongs.
TEXTS = {
    "upwards": "../../../../etc/cron.d/x",
    "absolute": "/etc/passwd",
    "windows": "C:\\Windows\\System32\\x",
    "device": "CON",
    "null": "a\0b",
    "escape": "\x1b[2J\x1b]0;owned\x07",
    "lines": "one\r\ntwo\u2028three\u2029four",
    "right to left": "\u202egpj.exe\u202c",
    "invisible": "a\u200b\u200d\ufeff\u2066b",
    "surrogate": "\ud800x",
    "long": "x" * 200_000,
    "wide": "字" * 5_000,
    "braces": "{0.__class__} {uuid} {",
    "percent": "%s%n%x",
    "format": "\x00{sentence}\n",
    "blank": " \t\n ",
}
UUID = "7b4c0c1e-7d2f-4a59-9a5e-0f6f4f6f2b11"
MOST_CHARS = 700


def is_clean(text: str) -> bool:
    """Tell whether a text can be drawn in one line: nothing that controls, hides, turns around or cannot be written."""
    text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return len(text) <= MOST_CHARS and not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text)


def shown(record: TaskRecord) -> Iterator[str]:
    """Everything of a record that the panel, the status bar or the command line may show."""
    yield from (record.name, record.flow, record.service_status, record.error_message, record.error_suggestion)
    yield from (
        str(sentence) for sentence in (record.error, record.status_note, status_text.stage_text(record)) if sentence
    )
    yield provenance.collection_name(record)
    yield from provenance.tags(record)


def payload(text: str, status: str) -> dict[str, Any]:
    """A status whose every text is ``text``."""
    return {
        "task_uuid": UUID,
        "flow_name": text,
        "status": status,
        "progress": text,
        "created_at": text,
        "started_at": text,
        "completed_at": text,
        "input": {"prompt": text, text: text, "image_url": text},
        "output": {"textured_model_url": [text], "geometry_model_url": text, "preview_url": text},
        "error": {"code": text, "message": text, "suggestion": text},
        "queue": {"is_queued": text, "position": text, "estimated_wait_seconds": text},
    }


@pytest.mark.parametrize("status", ["RUNNING", "SUCCESS", "FAILED", "CANCELLED", "\x1b[31mNEW\u202e"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_reaches_the_panel_unclean(text: str, status: str, tmp_path: Path) -> None:
    told = payloads.parse_status(payload(text, status))
    record = record_of(told, record_id=new_id())
    record = record.with_(stage=Stage.WAITING)
    record = record.with_(**apply_status(record, told))
    for line in shown(record):
        assert is_clean(line), ascii(line)[:200]
    folder = folder_for(tmp_path, record)
    assert folder.parent == tmp_path
    assert folder.name.isascii()
    assert len(folder.name) <= 80


@pytest.mark.parametrize("uuid", ["../x", "a/b", "..", ".", "", "a\0", "C:\\x", "x" * 200, "a b", "é", "a\nb"])
def test_no_uuid_leads_to_another_address_or_folder(uuid: str) -> None:
    with pytest.raises(BadAnswerError):
        payloads.parse_status({"task_uuid": uuid, "flow_name": "text-to-model", "status": "RUNNING"})


@pytest.mark.parametrize(
    "url",
    [
        *("http://files.example.invalid/a.glb", "ftp://example.invalid/a", "file:///etc/passwd", "javascript:alert(1)"),
        *("data:text/html,x", "https://", "https:///a", "//example.invalid/a", "\\\\host\\share", "/etc/passwd"),
        *("https://user:secret@example.invalid/a", "https://example.invalid/a b", "https://example.invalid/\r\nX: y"),
        *("https://example.invalid:99999/", "https://[::1", "smb://host/x", "https://exa\0mple.invalid/"),
    ],
)
def test_no_other_address_is_opened(url: str) -> None:
    with pytest.raises(BadAnswerError) as caught:
        check_asset_url(url)
    assert is_clean(str(caught.value)), ascii(str(caught.value))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_words_of_a_refusal_are_cleaned(text: str, tmp_path: Path) -> None:
    body = json.dumps({"code": 1004, "message": text, "suggestion": text})
    with StandIn(speed=60, samples=("1k",)) as service, running(service, tmp_path) as driver:
        service.faults.add("create", status=400, body=body)
        record = driver.reaches(driver.submit(), Stage.FAILED)
        assert all(is_clean(line) for line in shown(record))
        assert all(is_clean(str(line.sentence)) for line in driver.engine.history(record.id))


def test_half_a_character_in_what_another_client_sent_is_found_all_the_same(tmp_path: Path) -> None:
    """It ended the thread that looks for tasks, before."""
    with StandIn(speed=60, samples=("1k",)) as service, running(service, tmp_path) as driver:
        state = service.state
        made = state.create(state.user, "text-to-model", {"prompt": "a \ud800 well tris:1k", "client_order_id": "x"})
        driver.engine.find_tasks()
        driver.until(lambda: any(isinstance(event, TasksFound) for event in driver.events))
        driver.engine.track([made.uuid])
        (record,) = driver.engine.tasks()
        record = driver.reaches(record.id, Stage.IMPORTED)
        assert all(is_clean(line) for line in shown(record))
        assert record.params["prompt"] == "a ? well tris:1k"


@pytest.mark.parametrize("live", [True, False], ids=["live", "polled"])
def test_a_service_that_repeats_the_key_does_not_put_it_into_the_list(tmp_path: Path, live: bool) -> None:
    """
    As one would that echoes the request: a prompt becomes the name of a task, and a property in a .blend.

    Whatever else it could have got into is searched after every test, see ``conftest.py``.
    """
    with StandIn(speed=60, samples=("1k",)) as service, running(service, tmp_path, live=live) as driver:
        state, prompt = service.state, f"a well of {service.key}, tris:1k"
        made = state.create(state.user, "text-to-model", {"prompt": prompt, "client_order_id": "x"})
        if live:
            driver.engine.find_tasks()
            driver.until(lambda: any(isinstance(event, TasksFound) for event in driver.events))
        driver.engine.track([made.uuid])
        (record,) = driver.engine.tasks()
        record = driver.reaches(record.id, Stage.IMPORTED)
        assert record.params["prompt"] == "a well of …, tris:1k"
        assert state.leaks == []


def test_names_from_the_storage_and_the_service_are_not_used(tmp_path: Path) -> None:
    with StandIn(speed=60, samples=("1k",)) as service, running(service, tmp_path) as driver:
        record = driver.reaches(driver.submit("../../x/../\\..\\ tris:1k"), Stage.IMPORTED)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert Path(record.folder).parent == tmp_path / "models"
        assert Path(record.model_path).parent == Path(record.folder)
        assert all(path.is_relative_to(tmp_path) for path in files)
        assert sorted(path.name for path in Path(record.folder).iterdir()) == [
            "model.blend",
            "model.glb",
            "preview.png",
        ]


def test_a_header_named_by_the_service_carries_nothing_else(tmp_path: Path) -> None:
    """The service gives the NAME of a header for reading after a creation: it must not be able to set another one."""
    for name in ("Authorization", "Host", "X: y\r\nZ", "Cookie", "Content-Length", "", "x" * 500):
        body = {"task_uuid": UUID, "status": "PENDING", "read_after_write_header": name}
        made = payloads.parse_created(body)
        with StandIn(speed=60) as service, running(service, tmp_path / str(abs(hash(name)))) as driver:
            client = driver.engine._context.client()
            with pytest.raises(NotFoundError):
                client.status(UUID, extra_header=made.read_header)
            assert service.state.leaks == []
