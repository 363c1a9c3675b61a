# SPDX-License-Identifier: GPL-3.0-or-later
"""
Which file and scene asked for a model, and whether they are open now.

Floor: second. Thread: main. Imports ``bpy``.

Nothing of RNA is kept: undo and File > Open invalidate it. A scene is known by the id in its ``triverse`` properties,
which the ui gives it at its first task. Undo may take that id back, and a file may be closed without being saved; so
there is also a token for the time between two file loads, within which the scene's name will do.
"""

import uuid
from pathlib import Path

import bpy

from ...api.sentence import Sentence
from ...tasks.record import Origin

_token = uuid.uuid4().hex


def token() -> str:
    """Return the name of the time since the last file load."""
    return _token


def renew_token() -> str:
    """Begin a new time, because a file was loaded or may have been; return its name."""
    global _token
    _token = uuid.uuid4().hex
    return _token


def find_scene(origin: Origin) -> bpy.types.Scene | None:
    """
    Return the scene that asked, if its file is open; None if another is.

    A task without origin (from the command line) belongs to whatever scene is open.
    """
    if origin == Origin():
        return bpy.context.scene
    if origin.scene_id:
        for scene in bpy.data.scenes:
            if _scene_id(scene) == origin.scene_id:
                return scene
    if _is_same_file(origin):
        scene = bpy.data.scenes.get(origin.scene_name)
        # One that has an id by now and not the one looked for is another scene that took over the name.
        if scene is not None and (not origin.scene_id or not _scene_id(scene)):
            return scene
    return None


def find_object(scene: bpy.types.Scene, name: str, uid: int, session: str) -> bpy.types.Object | None:
    """
    Return the object that was meant when a task was made, if ``scene`` still has it.

    :param name: that it had then.
    :param uid: its ``session_uid``, 0 where that is not known.
    :param session: the :func:`token` of then. While it holds, another object that has taken the name is not meant.
    """
    named = scene.objects.get(name) if name else None
    if not uid or session != _token or (named is not None and named.session_uid == uid):
        return named
    return next((obj for obj in scene.objects if obj.session_uid == uid), None)


def why_not_here(origin: Origin) -> Sentence:
    """Return the sentence for an origin whose scene :func:`find_scene` does not find."""
    if _is_same_file(origin):
        return Sentence.of(
            "The scene {scene} is gone. Press Import to bring the model into this one.", scene=origin.scene_name
        )
    if origin.file:
        return Sentence.of(
            "Waits until {file} is open again. Press Import to bring it into this file.", file=Path(origin.file).name
        )
    return Sentence.of("Its file was closed without being saved. Press Import to bring the model into this file.")


def _is_same_file(origin: Origin) -> bool:
    return origin.session == _token or bool(origin.file and _same_path(origin.file, bpy.data.filepath))


def _same_path(a: str, b: str) -> bool:
    return bool(a and b) and Path(a) == Path(b)


def _scene_id(scene: bpy.types.Scene) -> str:
    # Absent while the ui is not registered: the command line under the bpy module.
    return getattr(getattr(scene, "triverse", None), "scene_id", "")
