# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests a quick run takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts._dev import touched
from scripts._dev.cache import REPO
from scripts._dev.layers import plain_tests

_TEXTS = {
    "triverse_addon/__init__.py": "def register():\n    from . import ui\n",
    "triverse_addon/api/__init__.py": "",
    "triverse_addon/api/client.py": "from .wire import send\n",
    "triverse_addon/api/wire.py": "import json\n",
    "triverse_addon/tasks/__init__.py": "",
    "triverse_addon/tasks/engine.py": "def start():\n    from ..api import client\n",
    "triverse_addon/tasks/stage.py": "if TYPE_CHECKING:\n    from .engine import Engine\n",
    "triverse_addon/ui/__init__.py": "from . import panel\n",
    "triverse_addon/ui/panel.py": "",
    "scripts/_dev/readme.py": "PAGE = 'README.md'\n",
    "tests/tasks/conftest.py": "from tests.tasks.engines import made\n",
    "tests/tasks/engines.py": "import triverse_addon.tasks.engine\n",
    "tests/tasks/test_engine.py": "",
    "tests/api/test_wire.py": "from triverse_addon.api.wire import send\n",
    "tests/api/test_stage.py": "from triverse_addon.tasks import stage\n",
    "tests/api/test_readme.py": "from scripts._dev import readme\n",
    "tests/api/test_pages.py": "PAGES = (REPO / \"docs\").glob('*.md')\n",
    "tests/api/test_started.py": "COMMAND = ['python', 'scripts/demo.py']\n",
}
_TESTS = [path for path in _TEXTS if "/test_" in path]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("tests/api/test_wire.py", {"tests/api/test_wire.py": 0}),
        # Through a conftest, a helper, an import inside a function and the client.
        ("triverse_addon/api/wire.py", {"tests/api/test_wire.py": 1, "tests/tasks/test_engine.py": 4}),
        ("triverse_addon/api/client.py", {"tests/tasks/test_engine.py": 3}),
        # Types alone touch nothing; the package that a module is in does.
        ("triverse_addon/tasks/engine.py", {"tests/tasks/test_engine.py": 2}),
        ("triverse_addon/tasks/__init__.py", {"tests/tasks/test_engine.py": 2, "tests/api/test_stage.py": 1}),
        # What a package imports only when it is registered is not run by who imports one of its modules.
        ("triverse_addon/ui/panel.py", {}),
        # What is read or started by its name.
        ("README.md", {"tests/api/test_readme.py": 1}),
        ("scripts/demo.py", {"tests/api/test_started.py": 0}),
        ("docs/other.md", {"tests/api/test_pages.py": 0}),
        ("requirements/dev.in", {}),
    ],
)
def test_a_change_touches_what_imports_it(changed: str, expected: dict[str, int]) -> None:
    assert touched.distances([changed], _TEXTS, _TESTS) == expected


def test_the_nearest_tests_that_fit_are_chosen() -> None:
    found = {"tests/a/test_far.py": 3, "tests/a/test_near.py": 0, "tests/a/test_long.py": 1, "tests/a/test_short.py": 1}
    seconds = {"tests/a/test_far.py": 9.0, "tests/a/test_near.py": 20.0, "tests/a/test_long.py": 30.0}
    chosen, left = touched.within_budget(found, seconds, 40.0)
    assert chosen == ["tests/a/test_far.py", "tests/a/test_near.py", "tests/a/test_short.py"]
    assert left == ["tests/a/test_long.py"]


def test_what_was_never_measured_and_takes_long_is_the_whole_budget() -> None:
    found = {"tests/fuzz/test_fuzz.py": 1, "tests/api/test_urls.py": 1}
    assert touched.within_budget(found, {})[0] == ["tests/api/test_urls.py"]
    assert touched.within_budget(found, {"tests/fuzz/test_fuzz.py": 4.0})[1] == []


def test_a_test_that_a_change_touches_first_hand_is_among_the_chosen() -> None:
    tests = plain_tests()
    assert "tests/tasks/store/test_store.py" in tests
    assert "tests/test_floors.py" in tests
    assert not any(test.startswith(("tests/blender/", "tests/gui/", "tests/package/")) for test in tests)
    texts = touched.sources()
    assert touched.distances(["triverse_addon/tasks/store/store.py"], texts, ["tests/tasks/store/test_store.py"]) != {}
    panels = [path for path in texts if path.startswith("triverse_addon/ui/")]
    assert panels
    assert touched.distances(panels, texts, ["tests/api/test_flows.py"]) == {}


def test_programs_of_administrators_are_found_without_their_folders_on_the_path() -> None:
    """As in a root shell that was opened with su. Debian has chroot there."""
    code = "import _dev, os, shutil; print(shutil.which('chroot'), os.environ['PATH'])"
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPO / "scripts")}
    answer = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    found, path = answer.stdout.split()
    assert Path(found).parent.name == "sbin"
    assert path.split(":") == ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
