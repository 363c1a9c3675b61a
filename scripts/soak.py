# SPDX-License-Identifier: GPL-3.0-or-later
"""
Soak the add-on in a real window: random actions and faults for half an hour, then an account.

    python scripts/test.py --layer window-trixie -k harness    (makes environment and Blender, once)
    <its python> scripts/soak.py --minutes 30 --seed 7

No floor (development only). Main thread. Never imports ``bpy``. Exit code 1 if anything is wrong at the end.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]


def main() -> int:
    """Soak and print."""
    parser = argparse.ArgumentParser(description="Soak the add-on in a real window.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--warm-up", type=int, default=5, metavar="ROUNDS", help="before anything is counted")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--own-allocator", action="store_true", help="let Blender have the one it came with")
    parser.add_argument("--blender", choices=("trixie", "sid", "BLENDER"), default="trixie")
    options = parser.parse_args()
    from scripts._dev import venvs

    if (code := venvs.run_inside(venvs.DEV)) is not None:
        return code

    from scripts._dev.package import build
    from scripts._dev.window import BlenderWindow, WindowError, find_blender, make_profile
    from tests.gui.panel import connected
    from tests.gui.soaking import Soak, allocator
    from tests.service.server import StandIn

    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as name, StandIn(speed=20, credits=10_000_000, samples=("1k",)) as service:
        folder, blender = Path(name), find_blender(options.blender)
        make_profile(blender, folder / "home", build(folder / "dist"))
        env = connected(service) | ({} if options.own_allocator else allocator(options.blender))
        with BlenderWindow(blender, folder / "window", home=folder / "home", env=env, shares=[folder]) as window:
            soak = Soak(window, service, folder, options.seed)
            began_s = time.monotonic()
            try:
                problems = soak.run(seconds=60.0 * options.minutes, warm_up_rounds=options.warm_up)
            except WindowError as error:
                # Blender has crashed or hangs: what it wrote of that goes with the folder.
                print(f"{error}\nAfter {time.monotonic() - began_s:.0f} s. Last: {', '.join(soak.last)}")
                for crash in folder.rglob("*.crash.txt"):
                    print(crash.read_text(errors="replace"))
                return 1
        for action, count in soak.done.most_common():
            print(f"{count:6} {action}")
        orders = len(service.state.charged_per_order())
    print(f"{orders} orders, memory {soak.grown_bytes / 1024**2:+.1f} MB")
    print("\n".join(problems) or "All is well.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
