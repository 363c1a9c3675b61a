# SPDX-License-Identifier: GPL-3.0-or-later
"""
Files of an earlier run that a row does not have any longer.

One: ``python scripts/test.py tests/batch/run/test_old_files.py``.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.batch.files import write
from tests.cli.driver import CommandsHere
from tests.service.server import StandIn
from triverse_addon.batch.library.asset_writer import Asset, AssetJob, GlbWriter
from triverse_addon.cli.host import PlainHost


class WithLevels(GlbWriter):
    """A writer whose files say how high the model is."""

    def __call__(self, job: AssetJob, stop: threading.Event) -> Asset:
        files = {"glb": f"{job.stem}.glb"}
        files |= {f"glb_lod{level}": f"{job.stem}-lod{level}.glb" for level in range(1, job.post.lods + 1)}
        for name in files.values():
            (job.library / name).write_text(f"{job.post.height_m} m")
        return Asset(files, 1000)


@pytest.mark.parametrize("apart", [False, True])
def test_fewer_levels_of_detail_than_before(
    cli: CommandsHere, service: StandIn, monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    """A level that is not made any longer lay beside the new files, as high as the model was before."""

    def asset_writer(self: PlainHost, data_dir: Path, **more: object) -> WithLevels:
        return WithLevels()

    monkeypatch.setattr(PlainHost, "can_save_blend", True)
    monkeypatch.setattr(PlainHost, "asset_writer", asset_writer)
    library = cli.folder / "lib"
    for lods, height_m in ((2, 1.0), (1, 2.0)):
        row = f"Chair,a chair,1000,{lods},glb,{height_m}"
        write(cli.folder / "rows.csv", f"name,prompt,polygon_limit,lods,export,height\n{row}\n")
        for more in (("--rows", "1:1", "--apart", "--yes"), ("--merge",)) if apart else (("--yes",),):
            answer = cli.run("batch", "rows.csv", "--library", "lib", *more)
            assert answer.code == 0, answer.people
        assert {path.read_text() for path in library.glob("chair*.glb")} == {f"{height_m} m"}
        assert len(list(library.glob("chair*.glb"))) == 1 + lods
    assert sum(charge > 0 for charge in service.state.charged_per_order().values()) == 1
