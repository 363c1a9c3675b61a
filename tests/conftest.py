# SPDX-License-Identifier: GPL-3.0-or-later
"""
What holds for every test: no key and no service address of the person who runs them reaches a test.

How a suite is run in part, and how its lines are recorded, is in ``version_part.py``.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable

import pytest

from tests import version_part
from tests.kinds import BY_SLUG


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--blender``: which real Blender the tests in windows and of the package run in; and those of the part."""
    version_part.add_options(parser)
    parser.addoption(
        "--blender",
        choices=("trixie", "sid", "BLENDER"),
        default="trixie",
        help="Blender of the Debian root trixie (4.3.2) or sid (5.2), or the one that the variable BLENDER names",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Forget the person's own settings before the first test is collected, and name our mark."""
    version_part.configure(config)
    config.addinivalue_line("markers", "kind(slug): the test is a case of a kind of trouble, see tests/kinds.py")
    for name in ("TRIVERSE_API_KEY", "TRIVERSE_API_URL"):
        os.environ.pop(name, None)
    # A net: whatever looks for the usual folder of list and models finds none of this person's.
    os.environ["XDG_DATA_HOME"] = os.path.join(tempfile.gettempdir(), f"triverse-tests-{os.getpid()}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write the kind of each test into the report, from which ``scripts/test.py`` makes the tables of ``docs``."""
    for item in items:
        for mark in item.iter_markers("kind"):
            (slug,) = mark.args
            if slug not in BY_SLUG:
                raise pytest.UsageError(f"{item.nodeid}: there is no kind {slug!r} in tests/kinds.py.")
            item.user_properties.append(("kind", slug))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """
    Have the garbage collector pass over what has been made so far.

    It would walk through thousands of collected tests again and again: 10 % of what the tests without Blender compute.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """``counted("menus", 12)``: what a test of a kind counted, for the row of its kind."""

    def count(name: str, number: int) -> None:
        request.node.user_properties.append(("counted", f"{name}={number}"))

    return count
