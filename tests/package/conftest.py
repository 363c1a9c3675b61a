# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the built zip. All: ``python scripts/test.py --layer package``."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts._dev import blender_root
from scripts._dev.package import build
from scripts._dev.profiles import copy_profile
from scripts._dev.window import Blender, find_blender, make_profile
from tests.package.engines import Machine
from tests.package.targets import Probed, Target, available
from tests.service.server import StandIn


@dataclass(frozen=True)
class Installed:
    """A throw-away profile in which the zip was installed, and what was seen meanwhile."""

    target: Target
    home: Path
    probed: Probed

    @functools.cached_property
    def report(self) -> dict[str, Any]:
        """What was seen of the one copy."""
        return self.probed.report("PROBE")


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The add-on as it ships, built from the checkout."""
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session", params=available(), ids=lambda target: target.name)
def installed(
    request: pytest.FixtureRequest, extension_zip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """The zip installed in one Blender."""
    target: Target = request.param
    home = tmp_path_factory.mktemp(target.name) / "home"
    home.mkdir()
    return Installed(target, home, target.probe(home, extension_zip))


@pytest.fixture(scope="session")
def blender() -> Blender:
    """Debian's Blender; a bpy module has no command line."""
    reason = blender_root.missing("trixie")
    assert not reason, f"The installed command and a farm's workers need a real Blender. {reason}"
    return find_blender("trixie")


@pytest.fixture(scope="session")
def installed_profile(blender: Blender, extension_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the extension, installed as ``blender --command extension install-file`` does it. To be copied."""
    home = tmp_path_factory.mktemp("installed") / "home"
    make_profile(blender, home, extension_zip)
    return home


@pytest.fixture(scope="module")
def profile(installed_profile: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the extension, for one module: installing it starts Blender twice."""
    return copy_profile(installed_profile, tmp_path_factory.mktemp("profile") / "home")


@pytest.fixture
def machine(blender: Blender, profile: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine with the engines of farms; the service is quick, but with prompts that say "hold"."""
    assert blender.root is not None
    blender_root.ensure_root(blender.name, blender_root.FARM_PACKAGES)
    with (
        StandIn(speed=20, samples=("1k",), on_same_order="conflict") as service,
        Machine(blender, profile, tmp_path / "machine", service) as machine,
    ):
        yield machine
