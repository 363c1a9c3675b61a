# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find the file and scene in which a task was started, if they are open.

Floor: second. Thread: main. Imports ``bpy``.

No references to RNA objects are kept: undo and File > Open invalidate them. A scene is identified by the id in its
``triverse`` properties, which the ui assigns at the scene's first task. Undo may remove that id, and a file may be
closed without being saved. So there is also a token that is renewed when a file is loaded: while it is the same, the
scene's name identifies the scene.
"""

import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

import bpy

from ...api.sentence import Sentence
from ...tasks.record.record import Origin
from ..host.errors import SceneError

_token = uuid.uuid4().hex
#: Names of files that scenes have left for another name by *Save As*: path of the file, and id of the scene.
_left_names: set[tuple[str, str]] = set()


def token() -> str:
    """Return the token of the present session, which lasts from one file load to the next."""
    return _token


def renew_token() -> str:
    """Renew the token, because a file was loaded or may have been, and return the new one."""
    global _token
    _token = uuid.uuid4().hex
    return _token


def find_scene(origin: Origin) -> bpy.types.Scene | None:
    """
    Return the scene in which a task was started; None if it is not in the open file.

    A task without origin (from the command line) belongs to the current scene.
    """
    if origin == Origin():
        return bpy.context.scene
    if origin.scene_id and not has_left(origin):
        # A copy of the scene has its id, and came later.
        equal: list[bpy.types.Scene] = [one for one in bpy.data.scenes if _scene_id(one) == origin.scene_id]
        if equal:
            return min(equal, key=lambda one: one.session_uid)
    if is_same_file(origin):
        scene: bpy.types.Scene | None = bpy.data.scenes.get(origin.scene_name)
        # A scene with another id is a different scene that got the name later.
        if scene is not None and (not origin.scene_id or not _scene_id(scene)):
            return scene
    return None


def leave_name(before: str, here: str, scene_ids: Iterable[str]) -> None:
    """
    Note that *Save As* took scenes along to another name, so that what lies under the old one is an older version.

    :param before: path of the file until then.
    :param here: its path now.
    """
    for one in scene_ids:
        _left_names.add((before, one))
        _left_names.discard((here, one))


def has_left(origin: Origin) -> bool:
    """Return whether the open file is an older version of the one that a task waits for; see :func:`leave_name`."""
    return (bpy.data.filepath, origin.scene_id) in _left_names and not is_same_file(origin)


def find_object(scene: bpy.types.Scene, name: str, uid: int, session: str) -> bpy.types.Object | None:
    """
    Return the object that a task refers to; None if it is not in ``scene``.

    :param name: name of the object when the task was created.
    :param uid: ``session_uid`` of the object, 0 if it is not known.
    :param session: the :func:`token` when the task was created. If it is still the same, the object is identified by
        ``uid``, so another object of the same name is not returned. Otherwise the name identifies it.
    """
    named = scene.objects.get(name) if name else None
    if not uid or session != _token or (named is not None and named.session_uid == uid):
        return named
    (found,) = find_objects(scene, (name,), (uid,), session)
    return found


def find_objects(
    scene: bpy.types.Scene, names: Sequence[str], uids: Sequence[int], session: str
) -> list[bpy.types.Object | None]:
    """Return what :func:`find_object` does for each, looking through ``scene`` once: Blender does so for each name."""
    by_name: dict[str, bpy.types.Object] = {}
    by_uid: dict[int, bpy.types.Object] = {}
    for obj in scene.objects:
        by_name.setdefault(obj.name, obj)
        by_uid[obj.session_uid] = obj
    is_same_session = session == _token
    return [
        by_uid.get(uid) if uid and is_same_session else by_name.get(name)
        for name, uid in zip(names, uids, strict=False)
    ]


def missing_scene_reason(origin: Origin) -> Sentence:
    """Return the message for an origin whose scene :func:`find_scene` does not find."""
    if is_same_file(origin):
        return Sentence.of(
            "The scene {scene} is gone. Press Import to bring the model into this one.", scene=origin.scene_name
        )
    if origin.file:
        return Sentence.of(
            "Waits until {file} is open again. Press Import to bring it into this file.", file=Path(origin.file).name
        )
    return Sentence.of("Its file was closed without being saved. Press Import to bring the model into this file.")


def linked_scene_reason(scene: bpy.types.Scene) -> Sentence | None:
    """Return why nothing can be imported into a scene that is linked from another file; None if it is not linked."""
    if scene.library is None:
        return None
    return Sentence.of(
        "The scene {scene} is linked from another file and cannot be changed. "
        "Import the model into a scene of this file.",
        scene=scene.name,
    )


def check_local(scene: bpy.types.Scene) -> None:
    """
    Check that ``scene`` can be changed.

    :raises SceneError: it is linked from another file.
    """
    if (reason := linked_scene_reason(scene)) is not None:
        raise SceneError(reason)


def is_same_file(origin: Origin) -> bool:
    """Return whether a task was started in the file that is open now."""
    return origin.session == _token or bool(origin.file and _same_path(origin.file, bpy.data.filepath))


def _same_path(a: str, b: str) -> bool:
    return bool(a and b) and Path(a) == Path(b)


def _scene_id(scene: bpy.types.Scene) -> str:
    # The property is absent while the ui is not registered, as for the command line with the bpy module.
    return getattr(getattr(scene, "triverse", None), "scene_id", "")
