# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs inside a Blender: installs the zip as a user does, looks at what is there, switches it off and on again. Then, in
the same Blender, ``copies_probe.py`` installs a second copy: to start one and to install the first takes 3 s.

Imports ``bpy``; main thread. Prints one line of JSON after ``PROBE``. Arguments after ``--``: the zip.
"""

import importlib
import json
import os
import pathlib
import runpy
import sys
import threading
import time
import traceback

import bpy

MODULE = "bl_ext.user_default.triverse"


def handlers() -> dict[str, int]:
    """How many functions each of Blender's handler lists holds."""
    lists = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    return {name: len(held) for name, held in lists.items() if isinstance(held, list)}


def additions() -> list[str]:
    """What of an add-on hangs on Blender's own menus, panels and keys."""
    classes = [getattr(bpy.types, name, None) for name in dir(bpy.types)]
    draws = [getattr(cls, "draw", None) for cls in classes]
    found = [function.__module__ for draw in draws for function in getattr(draw, "_draw_funcs", ())]
    configs = bpy.context.window_manager.keyconfigs
    for config in filter(None, (configs.addon, configs.user)):
        found += [item.idname for keys in config.keymaps for item in keys.keymap_items]
    return sorted(name for name in found if "triverse" in name)


def present() -> dict[str, object]:
    """What an add-on leaves in a session, as far as Python can see it."""
    return {
        "types": sorted(name for name in dir(bpy.types) if name.startswith("TRIVERSE")),
        "operators": sorted(dir(bpy.ops.triverse)),
        "properties": sorted(
            owner.__name__ for owner in (bpy.types.Scene, bpy.types.WindowManager) if "triverse" in dir(owner)
        ),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "handlers": handlers(),
        "additions": additions(),
        "namespace": sorted(name for name in bpy.app.driver_namespace if "triverse" in name),
    }


def main() -> None:
    """Install, look, switch off, look, switch on, save."""
    import addon_utils  # Blender's own; under the bpy module it is on the path only once bpy is imported

    before = present()
    installed = bpy.ops.extensions.package_install_files(
        filepath=sys.argv[-1], repo="user_default", enable_on_install=True
    )
    enabled = present()
    panels = [cls for cls in bpy.types.Panel.__subclasses__() if getattr(cls, "bl_category", "") == "Triverse"]
    addon_utils.disable(MODULE, default_set=True)
    disabled = present()
    for module in [name for name in sys.modules if name.startswith(MODULE)]:
        del sys.modules[module]
    heavy_before = {name for name in ("requests", "urllib3", "websockets", "sqlite3") if name in sys.modules}
    started = time.perf_counter()
    addon_utils.enable(MODULE, default_set=True)
    report = {
        "blender": bpy.app.version_string,
        "installed": list(installed),
        "before": before,
        "enabled": enabled,
        "disabled": disabled,
        "again": present(),
        "panels": sorted(cls.__name__ for cls in panels),
        "enable_s": time.perf_counter() - started,
        "heavy": sorted({n for n in ("requests", "urllib3", "websockets") if n in sys.modules} - heavy_before),
    }
    import requests  # only now: importing it is what the report above says enabling does not do
    import websockets

    report["wheels"] = {"requests": requests.__file__, "websockets": websockets.__file__}
    report["paths"] = sys.path
    report["version"] = importlib.import_module(f"{MODULE}.tasks.version").addon_version()
    bpy.ops.wm.save_userpref()
    print("PROBE " + json.dumps(report), flush=True)


try:
    main()
    runpy.run_path(str(pathlib.Path(__file__).with_name("copies_probe.py")), run_name="__main__")
except Exception:  # noqa: BLE001  # ending below, Python would say nothing
    traceback.print_exc()
finally:
    sys.stderr.flush()
    if not bpy.app.binary_path:
        # The module of 4.5.15 waits for ever at its end where something still holds ``bpy``, as the drivers' namespace
        # does once it was looked at; see pytest_unconfigure() in tests/blender/conftest.py.
        os._exit(0)
