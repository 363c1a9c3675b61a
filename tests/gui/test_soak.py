# SPDX-License-Identifier: GPL-3.0-or-later
"""A short soak; half an hour of it by hand with ``scripts/soak.py``."""

from __future__ import annotations

from pathlib import Path

from scripts._dev.window import Blender
from tests.gui.conftest import OpenWindow
from tests.gui.panel import connected
from tests.gui.soaking import Soak, allocator
from tests.service.server import StandIn

ACTIONS = 30


def test_everything_is_in_order_after_a_while_of_anything(
    open_window: OpenWindow, blender: Blender, tmp_path: Path
) -> None:
    with StandIn(speed=20, credits=1_000_000, samples=("1k",)) as service:
        soak = Soak(open_window(env=connected(service) | allocator(blender.name)), service, tmp_path, seed=4)
        problems = soak.run(actions=ACTIONS, warm_up_rounds=2)
        assert not problems, "\n".join([*problems, str(soak.done)])
        assert soak.done["order"] > 1, soak.done
