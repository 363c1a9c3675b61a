# SPDX-License-Identifier: GPL-3.0-or-later
"""
The panel, its operators, the preferences, and the clockwork that drives the engine in a window.

Floor: third. Thread: main. Imports ``bpy``.

``register()`` only registers: no network, no file, no heavy import. The engine comes at first need (see ``session``).
"""

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

_CLASSES = (
    *preferences.CLASSES,
    *properties.CLASSES,
    *watch.CLASSES,
    *setup_actions.CLASSES,
    *credits.CLASSES,
    *data_folder.CLASSES,
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


def register() -> None:
    """Register all classes, the two properties and the heartbeat."""
    translations.register()
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    status_bar.register()
    add_menu.register()
    heartbeat.register()
    session.register()


def unregister() -> None:
    """Take everything back, the engine first: its threads must not find half an add-on."""
    session.unregister()
    data_folder.forget()
    heartbeat.unregister()
    add_menu.unregister()
    status_bar.unregister()
    properties.unregister()
    remembered.forget()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
    translations.unregister()
