# SPDX-License-Identifier: GPL-3.0-or-later
"""
A script in a process of its own, to be killed: ``python -m tests.scripting.victim URL FOLDER [COUNT]``.

The key comes in ``TRIVERSE_API_KEY``. It prints each stage, and the path of each model at its end. With COUNT, it
orders so many variants.
"""

from __future__ import annotations

import sys

from triverse_addon import scripting

if __name__ == "__main__":
    with scripting.open(data=sys.argv[2]) as triverse:
        wish = {"prompt": "a stone well", "polygon_limit": 1000}
        if len(sys.argv) > 3:
            tasks = triverse.generate_variants(count=int(sys.argv[3]), **wish)  # type: ignore[arg-type]
        else:
            tasks = [triverse.generate(**wish)]  # type: ignore[arg-type]
        if len(triverse.wait(tasks, on_change=lambda one: print(one.stage, flush=True))) < len(tasks):
            sys.exit(1)
        for task in tasks:
            print(task.files.model, flush=True)
