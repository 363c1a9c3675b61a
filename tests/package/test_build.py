# SPDX-License-Identifier: GPL-3.0-or-later
"""The built zip: what is in it, that manifest and lock file agree, that equal sources give an equal file."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

import pytest

from scripts._dev import package
from scripts._dev.package import BuildError, build, fetch_wheels, manifest, wheel_names

RUNTIME = {"requests", "truststore", "urllib3", "idna", "certifi", "charset_normalizer", "websockets"}


@pytest.fixture(scope="module")
def names(extension_zip: Path) -> list[str]:
    """The names of the files in the zip."""
    with zipfile.ZipFile(extension_zip) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_the_zip_holds_the_package_its_licence_and_its_wheels(names: list[str]) -> None:
    sources = {path.relative_to(package.REPO / "triverse_addon").as_posix() for path in _sources()}
    assert sources <= set(names)
    assert {"blender_manifest.toml", "LICENSE", "__init__.py"} <= set(names)
    assert {name.rpartition("/")[2] for name in names if name.startswith("wheels/")} == set(wheel_names())


def test_the_zip_holds_nothing_else(names: list[str]) -> None:
    sources = {path.relative_to(package.REPO / "triverse_addon").as_posix() for path in _sources()}
    wheels = {f"wheels/{name}" for name in wheel_names()}
    assert set(names) - sources - wheels == {"blender_manifest.toml", "LICENSE"}


def _sources() -> list[Path]:
    found = (package.REPO / "triverse_addon").rglob("*")
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def test_manifest_and_lock_file_name_the_same_wheels() -> None:
    pins = re.findall(r"^([a-z0-9-]+)==(\S+)", package.WHEELS_LOCK.read_text(), re.MULTILINE)
    locked = {f"{name.replace('-', '_')}-{version}-py3-none-any.whl" for name, version in pins}
    assert locked == set(wheel_names())
    assert {name.partition("-")[0] for name in locked} == RUNTIME


def test_the_wheels_are_the_locked_ones() -> None:
    hashes = set(re.findall(r"sha256:([0-9a-f]{64})", package.WHEELS_LOCK.read_text()))
    assert {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in fetch_wheels()} == hashes


def test_every_lock_file_has_hashes_and_names_no_host() -> None:
    files = sorted(package.WHEELS_LOCK.parent.glob("*.txt"))
    assert len(files) >= 5
    for file in files:
        text = file.read_text()
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text
        for pin in re.split(r"\n(?=[a-z0-9])", text):
            assert "--hash=sha256:" in pin, f"{file.name}: {pin}"


def test_equal_sources_give_an_equal_zip(extension_zip: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == extension_zip.read_bytes()


def test_the_manifest_says_what_blender_shows_before_installing() -> None:
    described = manifest()
    assert described["id"] == "triverse"
    assert described["blender_version_min"] == "4.2.0"
    permissions = described["permissions"]
    assert isinstance(permissions, dict)
    assert set(permissions) == {"network", "files"}
    for sentence in (*permissions.values(), described["tagline"]):
        assert 0 < len(sentence) <= 64
        assert not sentence.endswith(".")


def test_a_faulty_manifest_is_refused_with_blenders_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = tmp_path / package.MANIFEST.name
    faulty.write_text(package.MANIFEST.read_text().replace('tags = ["', 'tags = ["No Such Tag", "'))
    monkeypatch.setattr(package, "MANIFEST", faulty)
    with pytest.raises(BuildError, match="No Such Tag"):
        build(tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.zip"))
