# SPDX-License-Identifier: GPL-3.0-or-later
"""
The modules of ``ui`` that run when one of their names is first used, and not with ``register()``.

Floor: third. Thread: main. No ``bpy``.

Blender registers each add-on before its window can be used, whether or not the panel is opened later. So what only
drawing, timers and the work of operators need waits until then. ``from ..form import request`` gives such a module
without running it, so that those who import it need not know; ``from ..form.request import build`` runs it at once.
``importlib.util.LazyLoader`` also runs a module when only its ``__file__`` or ``__spec__`` is read, and takes 0.5 ms to
find the files of these modules, of the 25 that ``register()`` may take (measured, 4.2.23 and 5.2.3).

``ui`` imports this module before all others of its own. No thread but the main one may use a lazy module first: there
is no lock, and a second thread would find the module half run.
"""

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType

#: Names below ``ui``. A module with classes to register, or with names that these need while they are made, cannot be
#: here.
LAZY = (
    "batch.asset_libraries",
    "form.example",
    "form.last_used",
    "form.request",
    "form.selection",
    "form.source_names",
    "generate.order_summary",
    "generate.repeats",
    "rna.choices",
    "settings",
    "state.adjusted_models",
    "state.batch_rows",
    "state.file_catalogs",
    "state.list_rows",
    "state.runtime",
    "state.source_pictures",
    "task_list.grid",
    "timers.redraw",
    "viewport.box_control",
    "viewport.boxes",
    "viewport.preview",
    "viewport.preview_control",
    "viewport.under_mouse",
)


class _Unused(ModuleType):
    """A module that has not run yet. Afterwards it is an ordinary module, the same object."""

    def __getattr__(self, name: str) -> object:
        # Whoever goes through all modules, as test runners do, asks for such names; who uses a module does not.
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        _run(self)
        return getattr(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):
            _run(self)
        ModuleType.__setattr__(self, name, value)


def postpone(name: str) -> ModuleType:
    """
    Have a module run at its first use, and return it. Its package is imported.

    :param name: the whole name of a module that was not imported yet.
    """
    folder, _, plain = name.rpartition(".")
    package = import_module(folder)
    module = _Unused(name)
    module.__package__ = folder
    sys.modules[name] = module
    setattr(package, plain, module)
    return module


def has_run(module: ModuleType) -> bool:
    """Return whether a module has run, so that there may be something to end or to forget."""
    return not isinstance(module, _Unused)


def _run(module: ModuleType) -> None:
    package = sys.modules[module.__name__.rpartition(".")[0]]
    spec = PathFinder.find_spec(module.__name__, package.__path__)
    assert spec is not None
    assert spec.loader is not None
    module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, spec.origin
    # First, so that modules that import each other find the names that are there already, as they always do.
    module.__class__ = ModuleType
    try:
        spec.loader.exec_module(module)
    except BaseException:
        # The next use tries again, as the next import of an ordinary module would.
        module.__class__ = _Unused
        raise


for _name in LAZY:
    postpone(f"{__package__}.{_name}")
