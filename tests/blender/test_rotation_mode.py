# SPDX-License-Identifier: GPL-3.0-or-later
"""A model is rotated by angles, as what a user adds; only one that is animated keeps its quaternions."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest
from mathutils import Euler, Matrix

from tests.blender import glbs
from tests.glb_files import animated_glb
from triverse_addon.scene.importing.append import append_model
from triverse_addon.scene.importing.in_process import import_model

pytestmark = pytest.mark.usefixtures("fresh_file")
TURNED = Euler((0.3, -0.8, 2.0))


@pytest.mark.parametrize("by_child", [True, False])
def test_static_models_are_turned_by_angles_and_stand_as_before(tmp_path: Path, by_child: bool) -> None:
    def build() -> None:
        ball = glbs.sphere("ball", (1.0, 2.0, 3.0))
        ball.rotation_euler = TURNED
        glbs.sphere("moon", (2.0, 0.0, 0.0), ball).rotation_euler = (0.0, 0.0, 1.0)

    glb = glbs.export(tmp_path / "m.glb", build)
    if by_child:
        converted = glbs.convert_kept(glb, tmp_path / "out", unit_m=1.0, frames_per_s=24.0)
        collection = append_model(converted.blend_path, bpy.context.scene, name="Model")
    else:
        collection = import_model(glb, bpy.context.scene, name="Model")
    assert {obj.rotation_mode for obj in collection.objects} == {"XYZ"}
    bpy.context.view_layer.update()
    ball = next(obj for obj in collection.objects if obj.parent is None)
    expected = Matrix.Translation((1.0, 2.0, 3.0)) @ TURNED.to_matrix().to_4x4()
    for row, wanted in zip(ball.matrix_world, expected, strict=True):
        assert tuple(row) == pytest.approx(tuple(wanted), abs=1e-5)


def test_animated_models_keep_what_their_curves_turn(tmp_path: Path) -> None:
    collection = import_model(animated_glb(tmp_path / "m.glb"), bpy.context.scene, name="Model")
    (obj,) = collection.objects
    assert obj.animation_data is not None
    assert obj.rotation_mode == "QUATERNION"
