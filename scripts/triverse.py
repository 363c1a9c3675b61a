# SPDX-License-Identifier: GPL-3.0-or-later
"""
Triverse without a window, from the checkout or through the installed extension.

    blender --background --python scripts/triverse.py -- generate --prompt "a red chair" --output chair.blend
    python scripts/triverse.py generate --prompt "a red chair" --output chair.blend      (a Python with bpy)
    python scripts/triverse.py balance --data DIR                                       (any Python; no .blend)

No floor (development and farms). Main thread. Imports ``bpy`` where there is one.
"""

from __future__ import annotations

import importlib
import importlib.util
import signal
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
CHECKOUT = SCRIPTS.parent
NEEDED = ("requests", "websockets")


def main() -> int:
    """Run the command and return its exit code."""
    # Blender's module swallows the exception of a Ctrl-C while it starts, and the command would go on and order. Once
    # the command runs, it answers to Ctrl-C itself.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        import bpy
    except ImportError:
        return _run_plain(sys.argv[1:])
    argv, prog = sys.argv[1:], "python scripts/triverse.py"
    if bpy.app.binary_path:
        # Blender keeps its own arguments in sys.argv; ours follow "--".
        argv = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
        prog = "blender --background --python scripts/triverse.py --"
    package = _installed(bpy) or _checkout()
    if not package:
        return 1
    host = importlib.import_module(f"{package}.cli.blender_host").BlenderHost(prog)
    return int(importlib.import_module(f"{package}.cli.main").run(argv, host))


def _run_plain(argv: list[str]) -> int:
    package = _checkout()
    if not package:
        return 1
    host = importlib.import_module(f"{package}.cli.host").PlainHost("python scripts/triverse.py")
    return int(importlib.import_module(f"{package}.cli.main").run(argv, host))


def _installed(bpy) -> str:  # type: ignore[no-untyped-def]  # the module, where there is one
    """The installed and enabled extension's package, from whichever repository; "" if there is none."""
    modules = [addon.module for addon in bpy.context.preferences.addons]
    fitting = [name for name in modules if name.startswith("bl_ext.") and name.endswith(".triverse")]
    return next((name for name in fitting if name in sys.modules), "")


def _checkout() -> str:
    """The checkout's package, with what it needs on ``sys.path``; "" after a sentence if that cannot be had."""
    sys.path.insert(0, str(CHECKOUT))
    if not all(importlib.util.find_spec(name) for name in NEEDED):
        sys.path.insert(0, str(SCRIPTS))
        from _dev.package import BuildError, ensure_runtime_wheels, has_wheels

        try:
            # Only what this interpreter can do by itself: a command must not set up a machine.
            if not has_wheels() and not importlib.util.find_spec("pip"):
                raise BuildError("There is no pip here.")
            sys.path.insert(0, str(ensure_runtime_wheels()))
        except (BuildError, OSError) as error:
            print(
                f"Triverse needs {' and '.join(NEEDED)}, which are not here and cannot be fetched "
                f"({str(error).splitlines()[0].rstrip('.:')}). Install the extension in this Blender, or run "
                "python scripts/build.py once where there is a network.",
                file=sys.stderr,
            )
            return ""
    return "triverse_addon"


if __name__ == "__main__":
    sys.exit(main())
