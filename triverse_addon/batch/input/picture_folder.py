# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read a folder of pictures: one row for each picture, recognised by its content, not by its name.

Floor: between first and second. Thread: any that may read files. No ``bpy``.

Every item that does not become a row is reported with the reason.
"""

import os
from collections.abc import Callable, Collection
from pathlib import Path

from ...api.errors import InputError
from ...api.picture_kinds import picture_kind
from ...api.sentence import Sentence
from ...api.upload_checks import check_image, head_of, image_type
from ...tasks.record.labels import natural_key
from ..outside_files import link_target, outside
from ..rows.problems import Problem
from ..rows.raw_rows import LEDGER, LeftOut, RawBatch, RawRow

#: Suffixes of picture files: such a file with other content is a problem, not an item to skip.
_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp"})
#: Folders that systems keep in the root of a disk, where mostly only they may read.
_SYSTEM = frozenset({"$recycle.bin", "lost+found", "system volume information"})


def read_folder(
    folder: Path, takes: Callable[[str], bool], allowed: Collection[str], go_on: Callable[[], None] = lambda: None
) -> RawBatch:
    """
    Return a row for every picture, including those in subfolders, whose path becomes the catalog.

    :param folder: absolute path of the folder.
    :param takes: see :func:`reader.read`, as for ``allowed`` and ``go_on``.
    """
    problems: list[Problem] = []
    left_out: list[LeftOut] = []

    def note(error: OSError) -> None:
        problems.append(Problem(0, "", Sentence.of("The folder {path} cannot be read.", path=str(error.filename))))

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=note):
        go_on()
        inside = Path(place).relative_to(folder)
        reasons = {name: _folder_skip_reason(Path(place, name)) for name in sorted(folders)}
        left_out += [LeftOut((inside / name).as_posix(), reason) for name, reason in reasons.items() if reason]
        folders[:] = [name for name, reason in reasons.items() if reason is None]
        for name in files:
            go_on()
            link = None if _is_hidden(name) else outside(folder, os.fspath(Path(place, name)))
            if link is not None and not link.is_allowed(allowed):
                problems.append(Problem(0, (inside / name).as_posix(), link.sentence, link))
                continue
            reason = _file_skip_reason(Path(place, name), takes)
            if reason is None:
                found.append(inside / name)
            else:
                left_out.append(LeftOut((inside / name).as_posix(), reason))
    rows = []
    for number, file in enumerate(sorted(found, key=lambda file: natural_key(file.as_posix())), 1):
        cells: dict[str, object] = {"image": file.as_posix()}
        if file.parent != Path():
            cells["catalog"] = file.parent.as_posix()
        rows.append(RawRow(number, cells))
    if not rows and not problems:
        problems.append(Problem(0, "", Sentence.of("There is no picture in {path}.", path=str(folder))))
    columns = {"image": "image", "catalog": "catalog"}
    left_out.sort(key=lambda one: natural_key(Path(one.name).as_posix()))
    return RawBatch(folder, folder, tuple(rows), columns, tuple(problems), left_out=tuple(left_out))


def _folder_skip_reason(folder: Path) -> Sentence | None:
    """Return why a folder is skipped; None if it is read."""
    if _is_hidden(folder.name):
        return Sentence.of("It is hidden.")
    if folder.name.lower() in _SYSTEM:
        return Sentence.of("It belongs to the system.")
    if link_target(folder) is not None:
        return Sentence.of("It is a link to another folder.")
    if os.path.lexists(folder / LEDGER):
        # A library inside the folder contains pictures of models, not for models.
        return Sentence.of("It is the library of a batch.")
    return None


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _file_skip_reason(file: Path, takes: Callable[[str], bool]) -> Sentence | None:
    """Return why a file is not a row; None if it is one."""
    if _is_hidden(file.name):
        return Sentence.of("It is hidden.")
    head = head_of(file)
    if file.suffix.lower() in _SUFFIXES or image_type(head) is not None or takes(os.fspath(file)):
        return None
    if not picture_kind(head):
        return Sentence.of("It is no picture.")
    try:
        check_image(file)
    except InputError as error:
        return error.sentence
    return None
