# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that Blender or another add-on has loaded first: older ones are worked with, or named before anything is
sent. Each set runs in a process of its own, against the stand-in. Plain Python, no ``bpy``."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from scripts._dev.cache import REPO
from scripts._dev.venvs import REQUIREMENTS, ensure_beside
from tests.service import models
from tests.service.server import StandIn
from tests.tasks.engines import LIMIT_S
from triverse_addon.api import libraries
from triverse_addon.api.errors import LibraryError

SETS = sorted(path.stem for path in (REQUIREMENTS / "older").glob("*.txt"))
#: What cannot be worked with: the library, and what then waits or is told.
TOO_OLD = {"requests-2.25": "requests", "websockets-10": "websockets"}

pytestmark = pytest.mark.kind("older-libraries")


def _beside(name: str) -> Path:
    return ensure_beside(REQUIREMENTS / "older" / f"{name}.txt")


def _run(paths: list[Path], *argv: str | Path) -> str:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*paths, REPO]))}
    answer = subprocess.run(
        [sys.executable, *map(str, argv)], env=env, cwd=REPO, capture_output=True, text=True, timeout=3 * LIMIT_S
    )
    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-3000:]
    return answer.stdout


def _at_work(service: StandIn, folder: Path, *beside: Path) -> dict[str, Any]:
    argv = ["-m", "tests.tasks.other_libraries", service.url, service.key, folder, models.preview_path("1k")]
    told: dict[str, Any] = json.loads(_run(list(beside), *argv).splitlines()[-1])
    return told


@pytest.mark.parametrize("name", [name for name in SETS if name not in TOO_OLD])
def test_what_is_old_is_worked_with(tmp_path: Path, name: str) -> None:
    """An order from words, one with an upload, live updates, and the search for tasks."""
    with StandIn(speed=80.0, samples=("1k",)) as service:
        told = _at_work(service, tmp_path, _beside(name))
        assert told["stages"] == ["imported", "imported"], told
        assert told["sizes"] == [models.glb_path("1k").stat().st_size] * 2
        assert told["live"]
        assert told["found"] == ""
        assert len(service.state.charged()) == 2
    for line in (REQUIREMENTS / "older" / f"{name}.in").read_text().splitlines():
        library, _, version = line.partition("==")
        if version and library in ("requests", "urllib3", "websockets"):
            words = next(line for line in told["report"].splitlines() if line.startswith(f"- {library}: "))
            shipped = libraries.shipped_versions()[library]
            assert f"- {library}: {version}, from " in words
            assert ("not the one that the add-on brings" in words) is (version != shipped)


def test_all_that_is_old_at_once(tmp_path: Path) -> None:
    with StandIn(speed=80.0, samples=("1k",)) as service:
        told = _at_work(service, tmp_path, _beside("blender-4.2"), _beside("websockets-11"))
    assert told["stages"] == ["imported", "imported"], told
    assert told["live"]


def test_a_requests_that_is_too_old_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    with StandIn(samples=("1k",)) as service:
        told = _at_work(service, tmp_path, _beside("requests-2.25"))
        assert "This Blender works with requests 2.25.1 from " in told["notes"][0]
        assert "restart Blender" in told["notes"][0]
        assert told["found"] == told["notes"][0]
        assert "kept back: program" in told["report"]
        assert service.state.requests == []


def test_a_command_ends_at_once_with_the_same_words(tmp_path: Path) -> None:
    env = {"PYTHONPATH": str(_beside("requests-2.25")), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with StandIn() as service:
        env |= {"TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}
        for argv in (["generate", "--prompt", "a well"], ["balance"], ["quote", "--prompt", "a well"]):
            command = [sys.executable, REPO / "scripts" / "triverse.py", *argv, "--data", tmp_path / "data"]
            answer = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LIMIT_S)
            assert answer.returncode == 1, answer.stderr
            assert "requests 2.25.1" in answer.stderr
            assert "Traceback" not in answer.stderr
        assert service.state.requests == []


def test_without_a_usable_websockets_tasks_are_polled_and_the_search_says_why(tmp_path: Path) -> None:
    with StandIn(speed=80.0, samples=("1k",)) as service:
        told = _at_work(service, tmp_path, _beside("websockets-10"))
    assert told["stages"] == ["imported", "imported"], told
    assert not told["live"]
    assert "websockets 10.4" in told["found"]
    assert "11.0 or newer" in told["found"]


#: Of the tests of the wire, those that tell how what is old may differ.
WIRE = "breaks_off or large or compress or half or redirect or noticed_by_a_ping"


@pytest.mark.parametrize("name", ["blender-4.2", "urllib3-2.0", "websockets-11", "websockets-14"])
def test_the_wire_is_as_safe_with_what_is_old(name: str) -> None:
    """Broken bodies, bombs, redirects; and which certificates and addresses are believed."""
    which = f"-k={WIRE} or test_tls.py or test_addresses.py"
    told = _run([_beside(name)], "-m", "pytest", "-v", "-p", "no:cacheprovider", which, "tests/api")
    assert " passed" in told
    assert "skipped" not in told
    for file in ("test_client_wire.py", "test_tls.py", "test_addresses.py"):
        assert f"{file}::" in told


# -----------------------------------------------------------------------------
# What can be told of a module


def _module(monkeypatch: pytest.MonkeyPatch, name: str, **attributes: object) -> None:
    module = types.ModuleType(name)
    vars(module).update(attributes)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize("version", ["2.26.9", "1.99", "0.1"])
def test_a_version_below_the_oldest_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    _module(monkeypatch, "requests", __version__=version, __file__="/home/anna/x/addons/other/requests/__init__.py")
    with pytest.raises(LibraryError, match=r"addons/other/requests/__init__\.py") as caught:
        libraries.check("requests")
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize("version", ["2.27", "2.27.1", "3.0.0rc1", "99", "", None])
def test_what_may_do_is_tried(monkeypatch: pytest.MonkeyPatch, version: object) -> None:
    _module(monkeypatch, "requests", __version__=version)
    libraries.check("requests")


def test_a_module_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "urllib3", None)  # what Python makes of a module that is shut out
    with pytest.raises(LibraryError, match=r"urllib3 cannot be loaded here \(ModuleNotFoundError\)"):
        libraries.check("urllib3")


def test_a_module_of_the_same_name_that_is_another_is_named() -> None:
    with pytest.raises(LibraryError, match="websockets cannot be loaded here"), libraries.needing("websockets"):
        from websockets import no_such_name  # noqa: F401


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("/home/anna/.config/blender/4.2/extensions/.local/lib/python3.11/site-packages/urllib3/__init__.py", None),
        ("C:\\Users\\Anna\\AppData\\Blender\\4.2\\scripts\\addons\\kit\\vendor\\urllib3\\__init__.py", None),
        ("/home/anna/blender-4.2/4.2/python/lib/python3.11/site-packages/requests/__init__.py", None),
        ("/home/anna/secret job/urllib3/__init__.py", "elsewhere/urllib3/__init__.py"),
    ],
)
def test_a_place_tells_whose_library_it_is_and_not_whose_machine(file: str, place: str | None) -> None:
    found = libraries.place_of(file)
    assert place is None or found == place
    assert "nna" not in found
    assert "secret" not in found
    assert file.replace("\\", "/").endswith(found.removeprefix("elsewhere/"))


def test_what_is_on_the_disk_is_not_taken_for_what_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    _module(monkeypatch, "websockets", __version__="10.4", __file__="/x/addons/other/websockets/__init__.py")
    monkeypatch.delitem(sys.modules, "truststore", raising=False)
    told = {library.name: str(library) for library in libraries.all_libraries()}
    on_disk = importlib.metadata.version("websockets")
    assert told["websockets"].startswith("10.4, from addons/other/websockets/__init__.py; not the one that the add-on")
    assert f"({libraries.shipped_versions()['websockets']})" in told["websockets"]
    assert on_disk != "10.4"
    assert told["truststore"] == f"not loaded, {importlib.metadata.version('truststore')} on the disk"
