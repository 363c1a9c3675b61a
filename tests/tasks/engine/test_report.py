# SPDX-License-Identifier: GPL-3.0-or-later
"""A report helps to find a fault, and holds nothing that is the user's own. Plain Python, no ``bpy``."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import Driver, settings_for
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.engine.diagnostics import report, report_of
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.record.record import Origin, Placement, Stage, TaskRecord, TaskRequest, new_id
from triverse_addon.tasks.settings import Settings
from triverse_addon.tasks.store.store import FILE_NAME, Store

PROMPT = "a forbidden secret of my grandmother"


def test_it_tells_what_failed_and_nothing_private(tmp_path: Path) -> None:
    with StandIn(speed=100.0, samples=("1k",)) as service:
        settings = settings_for(service, tmp_path / "my name")
        engine = Engine(settings, None)
        engine.start()
        try:
            driver = Driver(engine)
            driver.reaches(driver.submit(PROMPT), Stage.FAILED)
            picture = tmp_path / "my holidays.png"
            picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
            request = TaskRequest("image-to-model", {}, {"image_file": str(picture)}, name="my holidays")
            driver.reaches(engine.submit(request).id, Stage.READY, Stage.IMPORTED)
            text = report(engine, {"Blender": "4.3.2"})
            assert "- Blender: 4.3.2" in text
            assert "2008" in text
            assert "1 failed" in text
            assert "text-to-model" in text
            assert "image-to-model" in text
        finally:
            engine.shutdown()
        store = Store(settings.data_dir)
        try:
            unattended = report_of(settings, {}, {}, store)
        finally:
            store.close()
        assert "2008" in unattended
        assert "1 failed" in unattended
        for told in (text, unattended):
            for private in (service.key, PROMPT, "forbidden", "holidays", "my name", str(tmp_path), service.url):
                assert private not in told, private
            uuids = [task.uuid for task in service.state.tasks.values()]
            assert uuids
            assert not any(uuid in told for uuid in uuids)


@pytest.mark.parametrize("key", ["", "secret-key"])
def test_without_a_list_it_still_tells_the_settings(tmp_path: Path, key: str) -> None:
    with StandIn() as service:
        text = report_of(settings_for(service, tmp_path, api_key=key), {}, {"List of tasks": "broken"}, None)
    assert f"- Key: {'set' if key else 'not set'}" in text
    assert "- List of tasks: broken" in text
    assert "secret-key" not in text


#: What must not be in a report, whatever place the service, the user or a damaged file has put it into.
PRIVATE = {
    "a prompt": "a forbidden secret of my grandmother",
    "a path": "/home/grandmother/secret plans.png",
    "a Windows path": "C:\\Users\\Grandmother\\secret.png",
    "an address": "https://files.example.invalid/secret.glb?X-Signature=abcdef0123456789",
    "an e-mail address": "grandmother@secret.example",
    "the key": "trv-secret-0123456789abcdef",
    "a bearer": "Authorization: Bearer trv-secret-0123456789abcdef",
    "lines": "secret\n## Settings\n- Key: secret",
}


@pytest.mark.parametrize("name", PRIVATE)
def test_nothing_private_is_told_wherever_it_stands(tmp_path: Path, name: str) -> None:
    private, key = PRIVATE[name], PRIVATE["the key"]
    settings = Settings(tmp_path / "secret", tmp_path / "grandmother", api_key=key, api_url=private, live=False)
    store = Store(tmp_path)
    said = Sentence.of("It broke: {reason}", reason=private)
    try:
        for number, stage in enumerate(Stage):
            record = store.add(
                TaskRecord(
                    id=new_id(),
                    flow=private if number % 2 else "text-to-model",
                    name=private,
                    stage=stage,
                    params={"prompt": private, private: private},
                    sources={"image_file": private},
                    file_keys={"image_file": private},
                    client_order_id=f"{number}{private}",
                    task_uuid=f"{private}{number:06}" if number else private,
                    service_status=private,
                    created_at_s=1.7e9,
                    error=said,
                    error_code=2008,
                    error_message=private,
                    error_suggestion=private,
                    status_note=said,
                    origin=Origin(private, private, private, private),
                    placement=Placement(placeholder=private, instead_of=private),
                    folder=private,
                    model_path=private,
                    blend_path=private,
                    collection_name=private,
                    read_header=private,
                    asset_urls={"textured": private},
                )
            )
            store.add_history(record.id, "ERROR", said)
        beside = sqlite3.connect(tmp_path / FILE_NAME)
        with beside:
            beside.execute("UPDATE tasks SET data = ? WHERE stage = 'waiting'", (private,))
            beside.execute("INSERT INTO history VALUES (NULL, ?, 1.7e9, 'INFO', 'Well.', ?)", (record.id, private))
        beside.close()
        text = report_of(settings, {"Blender": "4.3.2"}, {}, store)
    finally:
        store.close()
    assert text.count("2008") == len(Stage) - 1, "the damaged one has lost its code"
    assert "It broke: {reason}" in text
    for part in (private, "secret", "grandmother", "Grandmother", "abcdef", str(tmp_path)):
        assert part not in text, text
    assert text.count("## Settings") == 1
