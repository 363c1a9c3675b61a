# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the service is told of an uploaded model: whether it comes with textures.

One: ``python scripts/test.py tests/tasks/engine/test_model_variants.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.glb_files import triangles_glb
from tests.service import models
from tests.service.server import StandIn
from tests.tasks.engines import Driver
from triverse_addon.tasks.record.record import Stage, TaskRequest


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=80.0, samples=("1k",)) as standin:
        yield standin


@pytest.mark.parametrize(
    ("flow", "has_textures", "told"),
    [
        ("convert-model-format", True, "textured"),
        ("model-preview-render", True, "textured"),
        ("convert-model-format", False, "geometry"),
        ("text-to-texture", True, "geometry"),
    ],
)
def test_the_service_is_told_whether_a_model_has_textures(
    service: StandIn, driver: Driver, tmp_path: Path, flow: str, has_textures: bool, told: str
) -> None:
    """A flow that makes new textures takes the geometry alone."""
    path = models.glb_path("1k") if has_textures else triangles_glb(tmp_path / "plain.glb", nodes=[{"mesh": 0}])
    values = {"prompt": "mossy stone"} if flow == "text-to-texture" else {}
    record = driver.engine.submit(TaskRequest(flow, values, {"model_file": str(path)}))
    driver.reaches(record.id, Stage.DONE, Stage.IMPORTED)
    assert [one.variant for one in service.state.uploads.values()] == [told]
