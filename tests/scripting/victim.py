# SPDX-License-Identifier: GPL-3.0-or-later
"""
A script in a process of its own, to be killed: ``python -m tests.scripting.victim URL FOLDER``.

The key comes in ``TRIVERSE_API_KEY``. It prints each stage, and the path of the model at its end.
"""

from __future__ import annotations

import sys

from triverse_addon import scripting

if __name__ == "__main__":
    with scripting.open(data=sys.argv[2]) as triverse:
        task = triverse.generate(prompt="a stone well", polygon_limit=1000)
        task.wait(on_change=lambda one: print(one.stage, flush=True))
        print(task.files.model, flush=True)
