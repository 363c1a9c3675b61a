# SPDX-License-Identifier: GPL-3.0-or-later
"""The built zip: what is in it, that manifest and lock file agree, that equal sources give an equal file."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
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


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the cache of wheels, to be spoiled; pip brings the true ones."""
    wheels = fetch_wheels()
    folder = tmp_path / "cache" / "wheels" / wheels[0].parent.name
    folder.mkdir(parents=True)
    for wheel in wheels:
        shutil.copyfile(wheel, folder / wheel.name)
    monkeypatch.setattr(package, "_wheels_folder", lambda: folder)

    def bring(target: Path) -> None:
        target.mkdir()
        for wheel in wheels:
            shutil.copyfile(wheel, target / wheel.name)

    monkeypatch.setattr(package, "download_wheels", bring)
    return folder


def _with_a_file_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("sitecustomize.py", "")


SPOILED: dict[str, Callable[[Path], object]] = {
    "a file more": _with_a_file_more,
    "a byte more": lambda wheel: wheel.write_bytes(wheel.read_bytes() + b"0"),
    "half of it": lambda wheel: wheel.write_bytes(wheel.read_bytes()[: wheel.stat().st_size // 2]),
    "another wheel under its name": lambda wheel: shutil.copyfile(_other(wheel), wheel.with_name("idna-1.0.whl")),
}


def _other(wheel: Path) -> Path:
    other = wheel.with_name("other")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("idna/__init__.py", "")
    return other


@pytest.mark.kind("hashed-wheels")
@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_wheel_in_the_cache_is_fetched_anew(
    cached: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    SPOILED[how](next(cached.glob("idna-*.whl")))
    hashes = set(re.findall(r"sha256:([0-9a-f]{64})", package.WHEELS_LOCK.read_text()))
    assert {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in fetch_wheels()} == hashes
    assert "idna" in capsys.readouterr().err


@pytest.mark.kind("hashed-wheels")
@pytest.mark.parametrize("how", ["a file more", "a byte more"])
def test_nothing_is_built_from_a_wheel_that_is_not_the_locked_one(
    cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    spoil, bring = SPOILED[how], package.download_wheels

    def bring_spoiled(target: Path) -> None:
        bring(target)
        spoil(next(target.glob("idna-*.whl")))

    monkeypatch.setattr(package, "download_wheels", bring_spoiled)
    spoil(next(cached.glob("idna-*.whl")))
    with pytest.raises(BuildError, match="idna"):
        build(tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.zip"))


@pytest.mark.kind("hashed-wheels")
def test_what_was_unpacked_of_a_spoiled_wheel_is_unpacked_anew(cached: Path) -> None:
    site = package.ensure_runtime_wheels()
    _with_a_file_more(next(cached.glob("idna-*.whl")))
    (site / "sitecustomize.py").write_text("")
    assert not (package.ensure_runtime_wheels() / "sitecustomize.py").exists()


def test_every_lock_file_has_hashes_and_names_no_host() -> None:
    files = sorted(package.WHEELS_LOCK.parent.rglob("*.txt"))
    assert len(files) >= 5
    for file in files:
        text = file.read_text()
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text
        for pin in re.split(r"\n(?=[a-z0-9])", text):
            assert "--hash=sha256:" in pin, f"{file.name}: {pin}"


ELSEWHERE = """
import os, sys, time
time.time = lambda: 2_000_000_000.0
os.umask(0o077)
sys.path.insert(0, sys.argv[1])
from scripts._dev.package import build
build(__import__("pathlib").Path(sys.argv[2]))
"""


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC"])
def test_equal_sources_give_equal_bytes_at_another_place_and_time(
    extension_zip: Path, tmp_path: Path, zone: str
) -> None:
    """A copy of the checkout, with other dates, permissions, time zone, language, and a day in 2033."""
    copy = tmp_path / "a place with spaces and é"
    copy.mkdir()
    for part in ("blender_manifest.toml", "LICENSE", "triverse_addon", "scripts", "requirements"):
        source = package.REPO / part
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, copy / part)  # type: ignore[operator]
    for number, path in enumerate(sorted(copy.rglob("*"))):
        path.chmod(0o700 if number % 2 else 0o755)
        os.utime(path, (1e9 + number, 1e9 + number))
    env = os.environ | {"TZ": zone, "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    out = tmp_path / "out"
    subprocess.run([sys.executable, "-c", ELSEWHERE, copy, out], env=env, cwd=tmp_path, check=True, capture_output=True)
    assert hashlib.sha256((out / extension_zip.name).read_bytes()).hexdigest() == _digest(extension_zip)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_no_library_of_this_machine_has_a_say_in_the_bytes(extension_zip: Path) -> None:
    """What compresses differs between Pythons; names, dates and permissions do between systems."""
    with zipfile.ZipFile(extension_zip) as archive:
        seen = {
            (entry.compress_type, entry.date_time, entry.create_system, entry.external_attr >> 16)
            for entry in archive.infolist()
        }
        assert archive.namelist() == sorted(archive.namelist())
    assert seen == {(zipfile.ZIP_STORED, package.ZIP_DATE, 3, 0o100644)}


def test_every_checkout_has_the_same_ends_of_lines() -> None:
    """Git for Windows would change them, and with them the bytes that are packed."""
    assert "* text=auto eol=lf" in (package.REPO / ".gitattributes").read_text().splitlines()
    texts = [path for path in _sources() if path.suffix in (".py", ".toml", ".md", ".txt")]
    assert texts
    assert [path for path in texts if b"\r" in path.read_bytes()] == []


def test_the_manifest_says_what_blender_shows_before_installing() -> None:
    described = manifest()
    assert described["id"] == "triverse"
    assert described["blender_version_min"] == "4.2.0"
    permissions = described["permissions"]
    assert isinstance(permissions, dict)
    assert set(permissions) == {"network", "files", "clipboard"}
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


def test_without_any_blender_it_is_built_by_the_rules_and_says_so(
    extension_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(package.extension_tool, "find", lambda: None)
    assert build(tmp_path / "out").read_bytes() == extension_zip.read_bytes()
    assert "no Blender was found" in capsys.readouterr().err
    faulty = tmp_path / package.MANIFEST.name
    faulty.write_text(package.MANIFEST.read_text().replace('tags = ["', 'tags = ["No Such Tag", "'))
    monkeypatch.setattr(package, "MANIFEST", faulty)
    with pytest.raises(BuildError, match="No Such Tag"):
        build(tmp_path / "faulty")
    assert not list((tmp_path / "faulty").iterdir())


def test_with_the_wheels_there_it_takes_no_time_and_makes_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(recipe: object) -> Path:
        raise AssertionError(f"It makes an environment: {recipe}")

    fetch_wheels()
    monkeypatch.setattr(package.venvs, "ensure", make)
    began_s = time.monotonic()
    build(tmp_path)
    assert time.monotonic() - began_s < 15.0
