# SPDX-License-Identifier: GPL-3.0-or-later
"""
The sidebar panels, operators, preferences, and the timers that drive the engine in a Blender with windows.

Floor: third. Thread: main. Imports ``bpy``.

``register()`` does not access the network, opens no file and imports no large module. The engine is started when it is
first needed (see ``state.runtime``).
"""

import contextlib
from collections.abc import Callable
from types import ModuleType

import bpy

from ..scripting import write_access
from . import lazy_modules, translations
from .batch import file_operators as batch_file_operators
from .batch import panel as batch_panel
from .batch import run_operators as batch_run_operators
from .batch import ui_list as batch_ui_list
from .form import last_used, properties
from .generate import (
    add_menu,
    capture_operators,
    cost,
    drop_handler,
    extra_orders,
    image_operators,
    picture_row,
    pie_menu,
    presets,
    prompt_history,
    reuse_inputs,
    spending_panel,
    value_menus,
    welcome,
)
from .generate import operators as generate_operators
from .generate import panel as generate_panel
from .setup import operators as setup_operators
from .setup import other_copy, preferences
from .state import session_events
from .task_list import (
    group_menus,
    import_operators,
    keymap,
    label_operators,
    list_operators,
    make_from,
    many_operators,
    place_operators,
    preview_operators,
    refine,
    rename,
    result_operators,
    selected_task,
    selected_tasks,
    show_operators,
    task_operators,
    track_operators,
    variant_operators,
    work_operators,
)
from .task_list import panel as task_list_panel
from .task_list import ui_list as task_list_ui_list
from .timers import app_timer, modal_timer, open_dialog, status_bar, viewport_header
from .viewport import box_control, preview_control

_CLASSES = (
    *preferences.CLASSES,
    *properties.CLASSES,
    *modal_timer.CLASSES,
    *setup_operators.CLASSES,
    *cost.CLASSES,
    *spending_panel.CLASSES,
    *generate_operators.CLASSES,
    *extra_orders.CLASSES,
    *presets.CLASSES,
    *welcome.CLASSES,
    *prompt_history.CLASSES,
    *value_menus.CLASSES,
    *picture_row.CLASSES,
    *image_operators.CLASSES,
    *capture_operators.CLASSES,
    *drop_handler.CLASSES,
    *pie_menu.CLASSES,
    *add_menu.CLASSES,
    *import_operators.CLASSES,
    *show_operators.CLASSES,
    *place_operators.CLASSES,
    *preview_operators.CLASSES,
    *task_operators.CLASSES,
    *variant_operators.CLASSES,
    *refine.CLASSES,
    *work_operators.CLASSES,
    *make_from.CLASSES,
    *result_operators.CLASSES,
    *track_operators.CLASSES,
    *reuse_inputs.CLASSES,
    *batch_file_operators.CLASSES,
    *batch_run_operators.CLASSES,
    *task_list_ui_list.CLASSES,
    *list_operators.CLASSES,
    *rename.CLASSES,
    *label_operators.CLASSES,
    *many_operators.CLASSES,
    *group_menus.CLASSES,
    *selected_tasks.CLASSES,
    *batch_ui_list.CLASSES,
    *generate_panel.CLASSES,
    *task_list_panel.CLASSES,
    *selected_task.CLASSES,
    *batch_panel.CLASSES,
)


#: Callbacks that unregister everything, run in reverse order of registration; None while nothing is registered.
_undo: contextlib.ExitStack | None = None


def register() -> bool:
    """
    Register all classes, the properties on Scene and WindowManager, and the app timer.

    If one step fails, the steps before it are undone.

    :returns: False if another copy of the add-on is enabled, in which case only this copy's preferences are registered.
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
            _warn(other_copy.sentence(other))
        else:
            _register_rest(undo)
        _undo = undo.pop_all()
    return not other


def _register_rest(undo: contextlib.ExitStack) -> None:
    _later(undo, _call_if_used, last_used, "forget")
    for module in (write_access, properties, status_bar, viewport_header, add_menu, keymap, app_timer):
        module.register()
        _later(undo, module.unregister)
    _later(undo, pie_menu.stop_waiting)
    _later(undo, drop_handler.forget_place)
    _later(undo, open_dialog.forget)
    _later(undo, _call_if_used, box_control, "clear")
    _later(undo, _call_if_used, preview_control, "hide")
    # Registered last, so unregistered first: the engine's threads must end before the rest is unregistered.
    _later(undo, session_events.end_session)
    session_events.register()
    _later(undo, session_events.unregister)


def _later(undo: contextlib.ExitStack, step: Callable[..., object], *args: object) -> None:
    undo.callback(_quietly, step, *args)


def _call_if_used(module: ModuleType, name: str) -> None:
    """Call the function of a lazy module, unless the module has never run: then there is nothing to undo."""
    if lazy_modules.has_run(module):
        getattr(module, name)()


def _quietly(step: Callable[..., object], *args: object) -> None:
    """Run one unregistration step and log its error, so that the remaining steps still run."""
    try:
        step(*args)
    except (RuntimeError, ValueError, AttributeError, KeyError, ReferenceError) as error:
        _warn(error)


def _warn(said: object) -> None:
    import logging  # for faults only

    logging.getLogger(__name__).warning("%s", said)


def unregister() -> None:
    """Unregister everything that was registered. Raises nothing; a second call has no effect."""
    global _undo
    undo, _undo = _undo, None
    if undo is not None:
        undo.close()
