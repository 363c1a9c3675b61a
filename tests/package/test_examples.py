# SPDX-License-Identifier: GPL-3.0-or-later
"""
The scripts of ``docs/examples`` in a real Blender with the installed extension, as docs/scripting.md says to run them.

``blender --background --online-mode --python …``, against the stand-in.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev.window import Blender, run_background
from tests.examples import EXAMPLES, MAKE_SET
from tests.service import models
from tests.service.server import StandIn


class Scripts:
    """Runs examples in one home."""

    def __init__(self, blender: Blender, home: Path, service: StandIn) -> None:
        self.folder = home.parent
        self._blender, self._home = blender, home
        self._env = {"TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}

    def run(self, *scripts: Path, words: tuple[str | Path, ...]) -> str:
        """Run scripts one after another in one Blender; return what they printed."""
        command: list[str | Path] = ["--background", "--online-mode", "--python-exit-code", "9"]
        for script in scripts:
            command += ["--python", script]
        answer = run_background(self._blender, self._home, [*command, "--", *words], env=self._env)
        said = answer.stdout.decode()
        assert answer.returncode == 0, said + answer.stderr.decode()
        assert "Traceback" not in answer.stderr.decode()
        return said


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    with StandIn(speed=40) as standin:
        yield standin


@pytest.fixture(scope="module")
def scripts(blender: Blender, profile: Path, service: StandIn) -> Scripts:
    return Scripts(blender, profile, service)


def test_one_model_and_a_handler(scripts: Scripts, service: StandIn) -> None:
    chair = scripts.folder / "chair.blend"
    assert "a red chair: " in scripts.run(EXAMPLES / "one_model.py", words=("a red chair", chair))
    assert chair.is_file()
    paid = len(service.state.charged())
    both = scripts.run(EXAMPLES / "on_import.py", EXAMPLES / "one_model.py", words=("a red chair", chair))
    assert "prp_a_red_chair: " in both
    assert len(service.state.charged()) == paid, "the same request is paid once"


def test_pictures_into_a_library(scripts: Scripts) -> None:
    pictures = scripts.folder / "pictures"
    pictures.mkdir()
    (pictures / "vase.png").write_bytes(models.preview_path("1k").read_bytes())
    said = scripts.run(EXAMPLES / "pictures_into_library.py", words=(pictures, scripts.folder / "library"))
    assert "vase: done" in said
    assert (scripts.folder / "library" / "vase.blend").is_file()


def test_placeholders_are_filled(scripts: Scripts) -> None:
    dressed = scripts.folder / "dressed.blend"
    said = scripts.run(MAKE_SET, EXAMPLES / "fit_to_placeholders.py", words=(dressed,))
    assert "make: a chair is a chair now" in said
    assert "make: a sofa that will fail stays as it is: " in said
    assert dressed.is_file()


def test_a_progress_bar_and_asyncio(scripts: Scripts) -> None:
    assert "waiting" in scripts.run(EXAMPLES / "progress_bar.py", words=("a green bottle",))
    said = scripts.run(EXAMPLES / "with_asyncio.py", words=("a tall tree", "a small tree"))
    assert "a tall tree: a tall tree" in said
    assert "a small tree: a small tree" in said
