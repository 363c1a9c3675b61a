# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures given by their address: from the panel, the command and a table alike. Plain Python, no ``bpy``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.batch.files import write
from triverse_addon.api.errors import InputError
from triverse_addon.batch.input.reader import read
from triverse_addon.batch.input.validation import check
from triverse_addon.tasks.engine.engine import Engine
from triverse_addon.tasks.record.record import TaskRequest
from triverse_addon.tasks.settings import Settings

pytestmark = pytest.mark.kind("addresses")

NEAR = [
    "https://127.0.0.1/a.png",
    "https://2130706433/a.png",
    "http://intranet/a.png",
    "https://[::ffff:10.0.0.1]/a.png",
]


@pytest.mark.parametrize("url", NEAR)
def test_an_order_does_not_name_a_near_picture(url: str, tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "models", api_key="key", online=False)
    engine = Engine(settings, None)
    engine.start()
    try:
        with pytest.raises(InputError) as caught:
            engine.submit(TaskRequest(flow="image-to-model", values={}, sources={"image_file": url}))
        assert caught.value.field == "image_file"
        assert engine.tasks() == []
        engine.submit(TaskRequest(flow="image-to-model", values={}, sources={"image_file": "https://a.example/a.png"}))
        here = dataclasses.replace(settings, api_url="http://127.0.0.1:9/api/v1")
        engine.configure(here)
        engine.submit(TaskRequest(flow="image-to-model", values={}, sources={"image_file": url}))
        assert len(engine.tasks()) == 2
    finally:
        engine.shutdown(5)


@pytest.mark.parametrize("url", [url for url in NEAR if url.startswith("https:")])
def test_a_table_does_not_name_a_near_picture(url: str, tmp_path: Path) -> None:
    table = write(tmp_path / "props.csv", f"flow,image\nimage-to-model,https://a.example/a.png\nimage-to-model,{url}\n")
    raw = read(table)
    rows, problems = check(raw)
    assert rows == ()
    assert [(problem.line, problem.column) for problem in problems] == [(3, "image")]
    assert "cannot fetch a picture" in str(problems[0].sentence)
    rows, problems = check(raw, service_url="http://127.0.0.1:9/api/v1")
    assert (len(rows), problems) == (2, ())
