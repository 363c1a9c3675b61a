# SPDX-License-Identifier: GPL-3.0-or-later
"""
What ``register()`` leaves for later: which modules, what the first drawing brings, and how a lazy module behaves.

No test asserts time: ``scripts/bench/register.py`` measures it.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from triverse_addon.ui import lazy_modules

REPO = Path(__file__).resolve().parents[2]
UI = REPO / "triverse_addon" / "ui"

#: What ``register()`` may run below ``ui``. Each module takes a tenth of a millisecond, and those left out far more.
BELOW = (
    "api",
    "api.display_text",
    "api.errors",
    "api.fields",
    "api.flows",
    "api.sentence",
    "api.unexpected_errors",
    "api.urls",
    "cli",
    "scripting",
    "scripting.panel_engine",
    "scripting.write_access",
    "tasks",
    "tasks.work_limits",
)
#: What it may run in ``ui`` besides packages and modules with classes.
WITHOUT_CLASSES = (
    "form.inputs",
    "generate.arguments",
    "lazy_modules",
    "preference_values",
    "rna.members",
    "setup.operator_helpers",
    "setup.other_copy",
    "state.session_events",
    "task_list.keymap",
    "task_list.operator_base",
    "text.layout_text",
    "text.translate",
    "timers.app_timer",
    "timers.open_dialog",
    "timers.status_bar",
    "timers.viewport_header",
    "translations",
)

REGISTER = """
import sys
import bpy
before = set(sys.modules)
bpy.context.preferences.addons.new().module = "triverse_addon"
import triverse_addon
triverse_addon.register()
"""
RAN = """
from triverse_addon.ui.lazy_modules import has_run
prefix = "triverse_addon."
ours = {name.removeprefix(prefix) for name in sys.modules if name.startswith(prefix)}
ran = {name for name in ours if has_run(sys.modules[prefix + name])}
"""
DRAW = """
sys.path.insert(0, ".")
from tests.blender.recorder import draw
panels = [cls for cls in bpy.types.Panel.__subclasses__() if cls.__name__.startswith("TRIVERSE_")]
poll = lambda cls: not hasattr(cls, "poll") or cls.poll(bpy.context)
drawn = [cls.__name__ for cls in panels if cls.__name__ != "TRIVERSE_PT_presets" and poll(cls) and draw(cls).drawn]
assert {"TRIVERSE_PT_make", "TRIVERSE_PT_tasks"} <= set(drawn), drawn
"""


def ran_alone(code: str) -> None:
    """Run code in a process of its own: this one has imported everything long ago."""
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_register_runs_only_what_it_needs() -> None:
    """A new module without classes belongs into ``LAZY``, or is needed, and then into the lists above."""
    allowed = {*BELOW, *(f"ui.{name}" for name in WITHOUT_CLASSES)}
    ran_alone(
        f"{REGISTER}{RAN}"
        f"more = {{name: sys.modules[prefix + name] for name in ran - {allowed!r}}}\n"
        "surplus = sorted(name for name, module in more.items() if not hasattr(module, 'CLASSES')\n"
        "    and not (name.startswith('ui') and hasattr(module, '__path__')))\n"
        "assert not surplus, surplus\n"
        "triverse_addon.unregister()\n"
    )


def test_register_brings_no_slow_library_of_python() -> None:
    """Some versions of Blender have them at its start, others would load them for the add-on alone."""
    slow = ("decimal", "_decimal", "logging", "traceback", "datetime", "unicodedata", "zlib", "sqlite3", "ssl")
    ran_alone(
        f"{REGISTER}"
        f"brought = sorted(set({slow!r}) & (set(sys.modules) - before))\n"
        "assert not brought, brought\n"
        "triverse_addon.unregister()\n"
    )


def test_unregister_runs_nothing_for_the_sake_of_undoing_it() -> None:
    ran_alone(
        f"{REGISTER}"
        "triverse_addon.unregister()\n"
        "triverse_addon.register()\n"
        "triverse_addon.unregister()\n"
        "from triverse_addon.ui import lazy_modules\n"
        "ran = [n for n in lazy_modules.LAZY if lazy_modules.has_run(sys.modules['triverse_addon.ui.' + n])]\n"
        "assert not ran, ran\n"
    )


def test_the_first_drawing_brings_no_network_library_and_no_database() -> None:
    """The main thread draws: what takes longest to import waits for the session, which a timer starts."""
    heavy = ("requests", "urllib3", "websockets", "ssl", "sqlite3", "asyncio")
    ran_alone(
        f"{REGISTER}{DRAW}"
        f"brought = sorted(set({heavy!r}) & (set(sys.modules) - before))\n"
        "assert not brought, brought\n"
        "triverse_addon.unregister()\n"
    )


def test_a_lazy_module_has_no_classes_for_blender() -> None:
    assert list(lazy_modules.LAZY) == sorted(set(lazy_modules.LAZY))
    for name in lazy_modules.LAZY:
        tree = ast.parse((UI / f"{name.replace('.', '/')}.py").read_text("utf-8"))
        assert "CLASSES" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}, name


# -----------------------------------------------------------------------------
# How a lazy module behaves


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package ``lazy_sample`` to put modules into; ``ran`` in it is the list of those that ran."""
    folder = tmp_path / "lazy_sample"
    folder.mkdir()
    folder.joinpath("__init__.py").write_text("ran = []\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "lazy_sample"]:
        del sys.modules[name]


def postponed(package: Path, name: str, text: str) -> ModuleType:
    package.joinpath(f"{name}.py").write_text(f"import lazy_sample\nlazy_sample.ran.append({name!r})\n{text}", "utf-8")
    return lazy_modules.postpone(f"lazy_sample.{name}")


def ran() -> list[str]:
    return list(importlib.import_module("lazy_sample").ran)


def test_it_runs_once_when_a_name_is_used_and_stays_the_same_object(package: Path) -> None:
    module = postponed(package, "one", "def answer():\n    return 42\n")
    from lazy_sample import one  # type: ignore[import-not-found]

    assert one is module is importlib.import_module("lazy_sample.one")
    assert not ran()
    assert not lazy_modules.has_run(module)
    assert one.answer() == 42
    assert one.answer() == 42
    assert ran() == ["one"]
    assert lazy_modules.has_run(module)
    assert type(module) is ModuleType
    assert sys.modules["lazy_sample.one"] is module
    assert module.__file__ == str(package / "one.py")
    assert module.__spec__ is not None
    assert module.__package__ == "lazy_sample"


def test_a_name_imported_from_it_runs_it(package: Path) -> None:
    postponed(package, "two", "VALUE = 1\n")
    from lazy_sample.two import VALUE  # type: ignore[import-not-found]

    assert VALUE == 1
    assert ran() == ["two"]


def test_who_goes_through_all_modules_does_not_run_it(package: Path) -> None:
    module = postponed(package, "three", "VALUE = 1\n")
    assert not hasattr(module, "__path__")
    assert not hasattr(module, "__file__")
    assert not hasattr(module, "__warningregistry__")
    module.__doc__ = "Set from outside."
    assert not ran()


def test_what_is_set_from_outside_is_kept(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As tests do: the module runs first, and does not undo it."""
    module = postponed(package, "four", "VALUE = 1\ndef value():\n    return VALUE\n")
    with monkeypatch.context() as patched:
        patched.setattr(module, "VALUE", 2)
        assert module.value() == 2
    assert module.value() == 1
    five = postponed(package, "five", "VALUE = 1\n")
    five.VALUE = 3  # type: ignore[attr-defined]
    assert five.VALUE == 3
    assert ran() == ["four", "five"]


def test_a_name_that_is_not_there_is_an_attribute_error(package: Path) -> None:
    module = postponed(package, "six", "")
    with pytest.raises(AttributeError, match="nothing"):
        _ = module.nothing
    assert ran() == ["six"]


def test_one_that_fails_is_tried_again(package: Path) -> None:
    module = postponed(package, "seven", "if len(lazy_sample.ran) < 2:\n    raise RuntimeError('first')\nVALUE = 1\n")
    with pytest.raises(RuntimeError, match="first"):
        _ = module.VALUE
    assert not lazy_modules.has_run(module)
    assert module.VALUE == 1
    assert lazy_modules.has_run(module)


def test_two_that_import_each_other_run_once_each(package: Path) -> None:
    eight = postponed(package, "eight", "from lazy_sample import nine\nVALUE = nine.VALUE + 1\n")
    nine = postponed(
        package, "nine", "from lazy_sample import eight\nVALUE = 1\ndef other():\n    return eight.VALUE\n"
    )
    assert eight.VALUE == 2
    assert nine.other() == 2
    assert ran() == ["eight", "nine"]
