# SPDX-License-Identifier: GPL-3.0-or-later
"""
A converted model that somebody else has put another in the place of is made anew, and never appended.

One: ``python scripts/test.py tests/tasks/files/test_seals.py``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.server import StandIn
from tests.tasks.engines import Driver, running
from triverse_addon.tasks.converter import Converted, ConvertJob
from triverse_addon.tasks.engine.import_queue import Imported, ImportOutcome
from triverse_addon.tasks.files import seals
from triverse_addon.tasks.record.record import Stage, TaskRecord

pytestmark = pytest.mark.kind("foreign-values")

OURS, THEIRS = b"what our child wrote", b"what they put there!"


class Blend:
    """Converts as the child does, and notes what the importer is given to append."""

    def __init__(self) -> None:
        self.conversions = 0
        self.appended: list[bytes] = []

    def convert(self, job: ConvertJob, stop: threading.Event) -> Converted:
        self.conversions += 1
        path = job.out_dir / "model.blend"
        path.write_bytes(OURS)
        digest = hashlib.sha256(OURS).hexdigest()
        return Converted(path, None, job.name, triangles=1, objects=1, seconds=0.0, blend_sha256=digest)

    def append(self, record: TaskRecord) -> ImportOutcome:
        self.appended.append(Path(record.blend_path).read_bytes())
        return Imported(record.name)


@pytest.fixture
def blend() -> Blend:
    return Blend()


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=60) as made:
        yield made


def driven(driver: Driver, blend: Blend) -> Driver:
    driver.importer = blend.append
    return driver


def exchange(path: Path) -> None:
    """Put another file there, of the same size and age, as far as anybody can."""
    found = path.stat()
    assert found.st_size == len(THEIRS)
    part = path.with_name("theirs")
    part.write_bytes(THEIRS)
    os.replace(part, path)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_what_was_just_written_is_imported_at_once(service: StandIn, tmp_path: Path, blend: Blend) -> None:
    with running(service, tmp_path, blend.convert) as driver:
        record = driven(driver, blend).reaches(driver.submit(), Stage.IMPORTED)
        assert not driver.engine._context.seals._threads
    assert record.blend_sha256 == hashlib.sha256(OURS).hexdigest()
    assert blend.appended == [OURS]


def test_in_another_blender_it_is_compared_once(service: StandIn, tmp_path: Path, blend: Blend) -> None:
    with running(service, tmp_path, blend.convert) as driver:
        task_id = driver.submit(auto_import=False)
        driver.reaches(task_id, Stage.READY)
    with running(service, tmp_path, blend.convert) as driver:
        driven(driver, blend)
        for _ in range(2):
            driver.engine.import_again(task_id)
            driver.reaches(task_id, Stage.IMPORTED)
        assert len(driver.engine._context.seals._threads) == 1
    assert blend.appended == [OURS, OURS]
    assert blend.conversions == 1


@pytest.mark.parametrize("when", ["between two starts", "while it waits"])
def test_one_that_was_exchanged_is_made_anew(service: StandIn, tmp_path: Path, blend: Blend, when: str) -> None:
    with running(service, tmp_path, blend.convert) as driver:
        task_id = driver.submit(auto_import=False)
        path = Path(driver.reaches(task_id, Stage.READY).blend_path)
        if when == "while it waits":
            exchange(path)
            driven(driver, blend).engine.import_again(task_id)
            driver.reaches(task_id, Stage.IMPORTED)
    if when == "between two starts":
        exchange(path)
        with running(service, tmp_path, blend.convert) as driver:
            driven(driver, blend).engine.import_again(task_id)
            driver.reaches(task_id, Stage.IMPORTED)
            told = [str(line.sentence) for line in driver.engine.history(task_id)]
        assert any("is not what Triverse wrote" in line for line in told)
    assert blend.appended == [OURS]
    assert blend.conversions == 2


def test_without_the_delivered_file_it_is_fetched_again(service: StandIn, tmp_path: Path, blend: Blend) -> None:
    with running(service, tmp_path, blend.convert) as driver:
        task_id = driver.submit(auto_import=False)
        record = driver.reaches(task_id, Stage.READY)
        exchange(Path(record.blend_path))
        Path(record.model_path).unlink()
        driven(driver, blend).engine.import_again(task_id)
        assert Path(driver.reaches(task_id, Stage.IMPORTED).model_path).is_file()
    assert blend.appended == [OURS]
    assert len(service.state.charged()) == 1


@pytest.mark.parametrize(("mode", "conversions"), [(0o600, 1), (0o644, 1), (0o664, 2), (0o666, 2)])
def test_one_of_an_earlier_version_is_believed_where_nobody_else_can_write(
    service: StandIn, tmp_path: Path, blend: Blend, mode: int, conversions: int
) -> None:
    with running(service, tmp_path, blend.convert) as driver:
        task_id = driver.submit(auto_import=False)
        record = driver.reaches(task_id, Stage.READY)
        driver.engine.store.change(task_id, lambda newest: newest.with_(blend_sha256=""))
    with running(service, tmp_path, blend.convert) as driver:
        driver.engine._rights.join()
        Path(record.blend_path).chmod(mode)
        driven(driver, blend).engine.import_again(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert blend.appended == [OURS]
    assert blend.conversions == conversions


def test_a_model_follows_its_hash_when_the_list_is_moved(service: StandIn, tmp_path: Path, blend: Blend) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    with running(service, old, blend.convert) as driver:
        task_id = driver.submit(auto_import=False)
        driver.reaches(task_id, Stage.READY)
    from triverse_addon.tasks.store.user_folder import settle

    assert settle(new, [old]).folder == new
    with running(service, new, blend.convert) as driver:
        driven(driver, blend).engine.import_again(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert blend.conversions == 1


def test_one_that_is_gone_is_no_forgery(service: StandIn, tmp_path: Path, blend: Blend) -> None:
    """It is imported from the delivered file, as before."""
    with running(service, tmp_path, blend.convert) as driver:
        task_id = driver.submit(auto_import=False)
        record = driver.reaches(task_id, Stage.READY)
        shutil.move(record.blend_path, tmp_path / "elsewhere.blend")
        driver.importer = lambda newest: Imported(Path(newest.model_path).name)
        driver.engine.import_again(task_id)
        assert driver.reaches(task_id, Stage.IMPORTED).collection_name == "model.glb"
    assert blend.conversions == 1


def test_one_that_appears_after_the_look_is_not_appended(service: StandIn, tmp_path: Path, blend: Blend) -> None:
    """Whoever can write in the folder takes it away for the look, and puts another there before it is appended."""
    with running(service, tmp_path, blend.convert) as driver:
        task_id = driver.submit(auto_import=False)
        path = Path(driver.reaches(task_id, Stage.READY).blend_path)
        path.unlink()
        given: list[str] = []

        def importer(newest: TaskRecord) -> ImportOutcome:
            path.write_bytes(THEIRS)
            given.append(newest.blend_path)
            return Imported(newest.name)

        driver.importer = importer
        driver.engine.import_again(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert given == [""], "the delivered file is imported"


def test_what_is_hashed_is_what_the_hash_is_kept_of(
    service: StandIn, tmp_path: Path, blend: Blend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Theirs lies there at the look, ours when it is opened, theirs again when it is appended.

    Where a file has a time of its entry, that tells them apart; not every file system has one.
    """
    monkeypatch.setattr(seals, "_signature", lambda found: (found.st_ino, found.st_size, found.st_mtime_ns))
    with running(service, tmp_path, blend.convert) as driver:
        task_id = driver.submit(auto_import=False)
        path = Path(driver.reaches(task_id, Stage.READY).blend_path)
    kept = shutil.move(path, tmp_path / "ours.blend")
    path.write_bytes(THEIRS)
    theirs = tmp_path / "theirs.blend"
    opened = Path.open

    def swapping(one: Path, *args: Any, **more: Any) -> Any:
        if one != path or "theirs.blend" in os.listdir(tmp_path):
            return opened(one, *args, **more)
        os.replace(path, theirs)
        os.link(kept, path)
        try:
            return opened(one, *args, **more)
        finally:
            path.unlink()
            os.link(theirs, path)

    monkeypatch.setattr(Path, "open", swapping)
    with running(service, tmp_path, blend.convert) as driver:
        driven(driver, blend).engine.import_again(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert blend.appended == [OURS]
    assert blend.conversions == 2


@pytest.mark.parametrize("kind", ["pipe", "not to be read"])
def test_what_cannot_be_compared_is_made_anew(
    service: StandIn, tmp_path: Path, blend: Blend, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(service, tmp_path, blend.convert) as driver:
        task_id = driver.submit(auto_import=False)
        path = Path(driver.reaches(task_id, Stage.READY).blend_path)
        if kind == "pipe":
            path.unlink()
            os.mkfifo(path)
    opened = Path.open

    def refused(one: Path, *args: Any, **more: Any) -> Any:
        if one == path and blend.conversions == 1:
            raise PermissionError(13, "Permission denied")
        return opened(one, *args, **more)

    monkeypatch.setattr(Path, "open", refused)
    convert = blend.convert

    def anew(job: ConvertJob, stop: threading.Event) -> Converted:
        path.unlink(missing_ok=True)
        return convert(job, stop)

    with running(service, tmp_path, anew) as driver:
        driven(driver, blend).engine.import_again(task_id)
        driver.reaches(task_id, Stage.IMPORTED)
    assert blend.appended == [OURS]
    assert blend.conversions == 2
