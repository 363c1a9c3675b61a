# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every test: no key and no service address of the person who runs them reaches a test."""

from __future__ import annotations

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--blender``: which real Blender the tests in windows and of the package run in."""
    parser.addoption(
        "--blender",
        choices=("trixie", "sid", "BLENDER"),
        default="trixie",
        help="Blender of the Debian root trixie (4.3.2) or sid (5.2), or the one that the variable BLENDER names",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Forget the person's own settings before the first test is collected."""
    for name in ("TRIVERSE_API_KEY", "TRIVERSE_API_URL"):
        os.environ.pop(name, None)
