# SPDX-License-Identifier: GPL-3.0-or-later
"""
The panel, its operators, the preferences, and the clockwork that drives the engine in a window.

Floor: third. Thread: main. Imports ``bpy``.

``register()`` only registers: no network, no file, no heavy import. The engine comes at first need (see ``session``).
"""

import contextlib
import logging
from collections.abc import Callable

import bpy

from . import (
    add_menu,
    add_tasks,
    again,
    batch_actions,
    batch_files,
    batch_panel,
    batch_table,
    chosen,
    credits,
    data_folder,
    drop,
    heartbeat,
    import_actions,
    list_actions,
    making,
    other_copy,
    panel,
    preferences,
    presets,
    properties,
    remembered,
    session,
    setup_actions,
    source_actions,
    status_bar,
    task_actions,
    task_list,
    tasks_panel,
    translations,
    watch,
    welcome,
)

_log = logging.getLogger(__name__)

_CLASSES = (
    *preferences.CLASSES,
    *properties.CLASSES,
    *watch.CLASSES,
    *setup_actions.CLASSES,
    *credits.CLASSES,
    *making.CLASSES,
    *presets.CLASSES,
    *welcome.CLASSES,
    *source_actions.CLASSES,
    *drop.CLASSES,
    *add_menu.CLASSES,
    *import_actions.CLASSES,
    *task_actions.CLASSES,
    *add_tasks.CLASSES,
    *again.CLASSES,
    *batch_files.CLASSES,
    *batch_actions.CLASSES,
    *task_list.CLASSES,
    *list_actions.CLASSES,
    *batch_table.CLASSES,
    *panel.CLASSES,
    *tasks_panel.CLASSES,
    *chosen.CLASSES,
    *batch_panel.CLASSES,
)


#: What takes back what was registered, last things first; None while nothing is.
_undo: contextlib.ExitStack | None = None


def register() -> bool:
    """
    Register all classes, the two properties and the heartbeat; nothing of it if one of them fails.

    :returns: False if another copy of the add-on is at work, so that this one stays out.
    """
    global _undo
    unregister()
    other = other_copy.name()
    with contextlib.ExitStack() as undo:
        translations.register()
        _later(undo, translations.unregister)
        for cls in (other_copy.StaysOutPreferences,) if other else _CLASSES:
            bpy.utils.register_class(cls)
            _later(undo, bpy.utils.unregister_class, cls)
        if other:
            _log.warning("%s", other_copy.sentence(other))
        else:
            _register_rest(undo)
        _undo = undo.pop_all()
    return not other


def _register_rest(undo: contextlib.ExitStack) -> None:
    _later(undo, remembered.forget)
    for module in (properties, status_bar, add_menu, heartbeat):
        module.register()
        _later(undo, module.unregister)
    _later(undo, data_folder.forget)
    # Its end comes first: the engine's threads must not find half an add-on.
    session.register()
    _later(undo, session.unregister)


def _later(undo: contextlib.ExitStack, step: Callable[..., object], *args: object) -> None:
    undo.callback(_quietly, step, *args)


def _quietly(step: Callable[..., object], *args: object) -> None:
    """Take one thing back. That another add-on has taken it already must not keep the rest."""
    try:
        step(*args)
    except (RuntimeError, ValueError, AttributeError, KeyError, ReferenceError) as error:
        _log.warning("%s", error)


def unregister() -> None:
    """Take everything back. Never raises, nor does it do anything the second time."""
    global _undo
    undo, _undo = _undo, None
    if undo is not None:
        undo.close()
