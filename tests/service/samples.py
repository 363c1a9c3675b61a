# SPDX-License-Identifier: GPL-3.0-or-later
"""What sample models there are. Read by the stand-in and by the script that makes them; no ``bpy``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One sample model.

    :param triangles: exactly, counted once for every object that shows them.
    :param map_px: edge length of its maps (base colour, normal, roughness with metallic); 0 = geometry only.
    :param preview_px: edge length of its preview.
    :param version: raised whenever `make_models` makes something else of it, so that nobody goes on with an old cache.
    """

    triangles: int
    map_px: int
    preview_px: int = 1024
    version: int = 3


SAMPLES = {
    "1k": Sample(1_000, 128, preview_px=256, version=4),
    "20k": Sample(20_000, 1024),
    "100k": Sample(100_000, 2048),
    "500k": Sample(500_000, 2048),
    "1m": Sample(1_000_000, 2048),
    "1.5m": Sample(1_500_000, 2048),
    "multi": Sample(50_024, 1024),
    "scenes": Sample(16_012, 1024),
    "geometry": Sample(20_000, 0),
}

FOR_TESTS = tuple(name for name in SAMPLES if name not in ("100k", "1m", "1.5m"))
"""What tests ask for. The others take a minute of processor time to make; benches make them when they need them."""
