# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the settings used last, from valid to anything: a scene gets what fits, and nothing raises."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

TRIES = int(os.environ.get("TRIVERSE_FUZZ_TRIES", "0")) or 150
#: Values that are put into any place of a file that was written here.
SPICE: list[Any] = [
    *(None, True, False, 0, -1, 7, 10**12, 10**400, 1e308, float("inf"), float("nan"), "", "\0", "x" * 5000, "1024"),
    *([], {}, [[[]]], {"a": None}, "text-to-model", "image-to-model", "\ud800", "椅子", ["RGB"], "../x"),
]


def _spoiled(value: Any, dice: random.Random) -> Any:
    if dice.random() < 0.15:
        return dice.choice(SPICE)
    if isinstance(value, dict):
        return {
            (dice.choice(["", "flow", "x"]) if dice.random() < 0.05 else key): _spoiled(one, dice)
            for key, one in value.items()
        }
    return value


@pytest.mark.kind("fuzz")
def test_whatever_the_file_holds(ui: ModuleType, tmp_path: Path) -> None:
    from triverse_addon.api.flows import FLOWS
    from triverse_addon.ui.form import inputs, last_used

    props = bpy.context.scene.triverse
    for name in inputs.PANEL_FLOWS:
        props.flow = name
        last_used.save(props, name)
    path = Path(last_used._path(create=False))
    whole = json.loads(path.read_text())
    assert set(whole["settings"]) == set(inputs.PANEL_FLOWS)
    dice = random.Random(20261129)
    for _ in range(TRIES):
        text = json.dumps(_spoiled(whole, dice))
        if dice.random() < 0.3:
            start = dice.randrange(len(text))
            text = text[:start] + text[start + dice.randint(1, 30) :]
        path.write_text(text)
        last_used.forget()
        scene = bpy.data.scenes.new("fresh")
        last_used.seed(scene)
        assert scene.triverse.flow in FLOWS
        for flow in inputs.PANEL_FLOWS.values():
            for field in last_used.settings_of(flow):
                inputs.held(scene.triverse, flow, field)
        bpy.data.scenes.remove(scene)
