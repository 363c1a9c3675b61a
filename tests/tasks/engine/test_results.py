# SPDX-License-Identifier: GPL-3.0-or-later
"""
Flows without a model end with what they make: pictures, a text, a converted file, however the service answers.

One: ``python scripts/test.py tests/tasks/engine/test_results.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import results
from tests.service.server import StandIn
from tests.tasks.engines import Driver, running
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.engine import result_download
from triverse_addon.tasks.engine.import_queue import files_are_there
from triverse_addon.tasks.files.download_errors import ExpiredLinkError
from triverse_addon.tasks.record.record import Origin, Placement, Stage, TaskRecord, TaskRequest
from triverse_addon.tasks.record.status_text import overall_progress, stage_text
from triverse_addon.tasks.store.query import Query
from triverse_addon.tasks.store.store import Store

SHAPES = ("plain", "list", "nested", "bare", "file")
A_FILE = "https://example.com/a.glb"


@pytest.fixture
def service() -> Iterator[StandIn]:
    with StandIn(speed=60, samples=("1k", "20k", "geometry")) as made:
        yield made


def ordered(driver: Driver, flow: str, values: dict[str, Any] | None = None, **more: Any) -> str:
    sources = {"model_file": A_FILE} if values is None or "prompt" not in values else {}
    return driver.engine.submit(TaskRequest(flow, values or {}, sources, **more)).id


def done(driver: Driver, task_id: str) -> TaskRecord:
    record = driver.reaches(task_id, Stage.DONE, Stage.FAILED)
    assert record.stage is Stage.DONE, str(record.error)
    return record


@pytest.mark.parametrize("shape", SHAPES)
def test_a_better_prompt(service: StandIn, driver: Driver, shape: str) -> None:
    service.state.settings.answer_shape = shape
    record = done(driver, ordered(driver, "prompt-optimization", {"prompt": "a stone well"}))
    assert record.result_text == "a stone well, fine detail, studio light"
    assert (record.result_files, record.preview_path, record.auto_import) == ((), "", False)
    assert files_are_there(record)


@pytest.mark.parametrize("shape", [*SHAPES, "previews"])
def test_a_picture_from_words(service: StandIn, driver: Driver, shape: str) -> None:
    service.state.settings.answer_shape = shape
    record = done(driver, ordered(driver, "image-generation", {"prompt": "a stone well"}))
    (path,) = map(Path, record.result_files)
    assert path.name == "picture.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert record.preview_path == str(path)
    assert str(path.parent) == record.folder
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("shape", [*SHAPES, "previews"])
def test_several_renders(service: StandIn, driver: Driver, shape: str) -> None:
    service.state.settings.answer_shape = shape
    record = done(driver, ordered(driver, "model-preview-render", {"image_count": 2}))
    names = [Path(path).name for path in record.result_files]
    if shape in ("list", "nested", "previews"):
        assert names == ["picture-01.png", "picture-02.png"]
        wanted = [results.picture(color) for color in results.COLORS[:2]]
        assert [Path(path).read_bytes() for path in record.result_files] == wanted
    else:
        assert len(names) == 1
    assert record.preview_path == record.result_files[0]


@pytest.mark.parametrize("wanted", ["obj", "fbx", "stl", "usdz"])
@pytest.mark.parametrize("shape", ["plain", "file"])
def test_another_format(service: StandIn, driver: Driver, wanted: str, shape: str) -> None:
    service.state.settings.answer_shape = shape
    record = done(driver, ordered(driver, "convert-model-format", {"output_format": wanted}))
    (path,) = map(Path, record.result_files)
    assert path.name == f"model.{wanted}"
    assert path.read_bytes() == results.converted(wanted) or wanted == "usdz"
    assert record.preview_path == ""


def test_a_glb_goes_the_way_of_models(driver: Driver) -> None:
    record = driver.reaches(ordered(driver, "convert-model-format", {"output_format": "glb"}), Stage.IMPORTED)
    assert record.result_files == ()


@pytest.mark.parametrize("fault", [{"expired": True}, {"status": 404}, {"body": "<html>", "content_type": "text/html"}])
def test_no_picture_of_several_is_given_up_for_one_refusal(
    service: StandIn, driver: Driver, fault: dict[str, Any]
) -> None:
    service.state.settings.answer_shape = "list"
    for kind in ("asset", "preview"):
        service.faults.add(kind, **fault)
    record = done(driver, ordered(driver, "model-preview-render", {"image_count": 3}))
    wanted = [results.picture(color) for color in results.COLORS[:3]]
    assert [Path(path).read_bytes() for path in record.result_files] == wanted


@pytest.mark.parametrize("times", [6, None])
def test_no_pictures_are_given_up_for_one_without_a_word(service: StandIn, driver: Driver, times: int | None) -> None:
    """All links are refused, also the new ones. The ways without those links give one picture."""
    service.state.settings.answer_shape = "list"
    for kind in ("asset", "preview"):
        service.faults.add(kind, times=times, expired=True)
    task_id = ordered(driver, "model-preview-render", {"image_count": 3})
    count = len(done(driver, task_id).result_files)
    told = any("Only 1 of the 3 files" in str(line.sentence) for line in driver.engine.history(task_id))
    assert (count, told) == ((3, False) if times else (1, True))


@pytest.mark.parametrize("links", [{"latency_s": 0.0}, {"status": 503}], ids=["", "no links"])
def test_what_never_comes_keeps_no_other_picture_back(
    service: StandIn, driver: Driver, monkeypatch: pytest.MonkeyPatch, links: dict[str, Any]
) -> None:
    service.state.settings.answer_shape = "list"
    service.faults.add("url", times=None, **links)
    fetch = result_download._fetch_one

    def without_second(*given: Any) -> Path:
        if given[4] == (2, 3):
            raise ExpiredLinkError(Sentence.of("It is gone."))
        return fetch(*given)

    monkeypatch.setattr(result_download, "_fetch_one", without_second)
    task_id = ordered(driver, "model-preview-render", {"image_count": 3})
    record = done(driver, task_id)
    assert [Path(path).name for path in record.result_files] == ["picture-01.png", "picture-03.png"]
    assert any("Only 2 of the 3 files" in str(line.sentence) for line in driver.engine.history(task_id))


@pytest.mark.parametrize("word", ["nofile", "fail"])
def test_what_has_no_file_fails_in_words(driver: Driver, word: str) -> None:
    task_id = ordered(driver, "image-generation", {"prompt": f"a well {word}"})
    record = driver.reaches(task_id, Stage.FAILED)
    assert str(record.error).endswith(".")
    assert record.is_final == (word == "fail")


def test_a_page_of_a_proxy_is_no_picture(service: StandIn, driver: Driver) -> None:
    service.state.settings.answer_shape = "list"
    service.faults.add("asset", status=200, body="<html>Sign in</html>", content_type="text/html", times=1)
    service.faults.add("preview", status=200, body="<html>Sign in</html>", content_type="text/html", times=1)
    record = done(driver, ordered(driver, "image-generation", {"prompt": "a stone well"}))
    assert Path(record.result_files[0]).read_bytes().startswith(b"\x89PNG")


def test_it_is_kept_listed_and_never_imported(service: StandIn, tmp_path: Path) -> None:
    service.state.settings.answer_shape = "list"
    with running(service, tmp_path) as driver:
        task_id = ordered(
            driver, "image-generation", {"prompt": "a stone well"}, origin=Origin("s"), placement=Placement()
        )
        record = done(driver, task_id)
        assert not record.auto_import
        driver.engine.import_again(task_id)
        driver.engine.move(task_id, Placement((1.0, 2.0, 3.0)), Origin("other"))
        driver.until(lambda: not driver.engine.pump(0.01).events)
        assert driver.record(task_id).stage is Stage.DONE
        assert driver.record(task_id).placement == Placement()
    store = Store(tmp_path)
    assert store.get(task_id) == driver.record(task_id)
    (listed,) = store.listed(Query(), 5)
    assert tuple(listed.result_files) == record.result_files
    assert store.spending(0.0).credits == record.cost_credits == 4
    store.close()
    assert str(stage_text(record)) == "Done"
    assert overall_progress(record) == 1.0


def test_a_deleted_picture_is_fetched_again(driver: Driver) -> None:
    record = done(driver, ordered(driver, "image-generation", {"prompt": "a stone well"}))
    Path(record.result_files[0]).unlink()
    assert not files_are_there(record)
    driver.engine.redownload(record.id)
    driver.until(lambda: files_are_there(driver.record(record.id)))
    assert done(driver, record.id).result_files == record.result_files


def test_one_that_was_made_elsewhere(service: StandIn, driver: Driver) -> None:
    made = done(driver, ordered(driver, "image-generation", {"prompt": "a stone well"}))
    driver.engine.forget(made.id)
    (found,) = driver.engine.track([made.task_uuid or ""])
    assert done(driver, found.id).result_files
