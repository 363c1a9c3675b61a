# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs inside a Blender that has the zip installed: installs it from a second repository too, and switches the copies on
and off in every order.

Imports ``bpy``; main thread; run by ``probe.py``. Prints one line of JSON after ``COPIES``. Arguments
after ``--``: the zip.
"""

import json
import sys
import traceback

import bpy

ONE, TWO = "bl_ext.user_default.triverse", "bl_ext.second.triverse"


def at_work() -> str:
    """The copy whose panel Blender has; "" if there is none."""
    panel = bpy.types.Panel.bl_rna_get_subclass_py("TRIVERSE_PT_make")
    return "" if panel is None else panel.__module__.removesuffix(".triverse.ui.generate.panel").removeprefix("bl_ext.")


def left() -> list[str]:
    """What is left in Blender of any copy."""
    types = [name for name in dir(bpy.types) if name.upper().startswith("TRIVERSE")]
    types += [owner.__name__ for owner in (bpy.types.Scene, bpy.types.WindowManager) if hasattr(owner, "triverse")]
    handlers = [function.__module__ for function in bpy.app.handlers.load_post if "triverse" in function.__module__]
    return types + handlers + list(dir(bpy.ops.triverse))


def main() -> None:
    """Install, then go through the orders."""
    import addon_utils  # Blender's own; under the bpy module it is on the path only once bpy is imported

    bpy.context.preferences.extensions.repos.new(name="Second", module="second", source="USER")
    bpy.ops.extensions.package_install_files(filepath=sys.argv[-1], repo="second", enable_on_install=False)
    problems: list[str] = []

    def told(error: BaseException) -> None:
        problems.append("".join(traceback.format_exception(error)))

    def on(module: str) -> None:
        addon_utils.enable(module, default_set=True, handle_error=told)

    def off(module: str) -> None:
        addon_utils.disable(module, default_set=True, handle_error=told)

    off(ONE)  # as the probe left it
    problems += [f"left before: {name}" for name in left()]
    seen: list[list[str]] = []
    orders = [
        [(on, ONE), (on, TWO), (off, ONE), (off, TWO)],
        [(on, ONE), (on, TWO), (off, TWO), (off, ONE)],
        [(on, TWO), (on, ONE), (off, TWO), (off, ONE)],
        [(on, TWO), (on, ONE), (off, ONE), (off, TWO)],
        # What the sentence tells to do.
        [(on, ONE), (on, TWO), (off, ONE), (off, TWO), (on, TWO), (off, TWO)],
    ]
    for order in orders:
        steps = []
        for step, module in order:
            step(module)
            steps.append(at_work())
        seen.append(steps)
        problems += [f"left: {name}" for name in left()]
    on(ONE)
    on(TWO)
    out = bpy.context.preferences.addons[TWO].preferences
    said = sys.modules[f"{TWO}.ui.setup.other_copy"].sentence(at_work())
    for module in (ONE, TWO, TWO, ONE):
        sys.modules[module].unregister()  # twice, in any order, by whoever
    problems += [f"left after unregister: {name}" for name in left()]
    report = {"seen": seen, "problems": problems, "out": type(out).__name__, "said": said}
    print("COPIES " + json.dumps(report), flush=True)


main()
