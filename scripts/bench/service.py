# SPDX-License-Identifier: GPL-3.0-or-later
"""
The stand-in of the service in a process of its own, so that its work does not count as what is measured.

No floor (development only). Never imports ``bpy``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

_START = """
import json, sys
from tests.service.server import StandIn
service = StandIn(usual_sample="20k", **json.loads(sys.argv[1]))
service.start()
print(service.url, service.key, flush=True)
if sys.stdin.readline():
    counts = {kind: len(service.state.seen(kind)) for kind in ("status", "ws", "create")}
    print(json.dumps(counts | {"charged": len(service.state.charged())}), flush=True)
    sys.stdin.read()
service.stop()
"""


class Service:
    """
    The running stand-in: ``url`` and ``key``.

    :param how: arguments of ``StandIn``, the fields of its settings among them.
    """

    def __init__(self, **how: float) -> None:
        self._command = [sys.executable, "-c", _START, json.dumps(how)]

    def __enter__(self) -> Service:
        """Start it, and learn its address and key."""
        self._process = subprocess.Popen(
            self._command,
            cwd=REPO,
            env={**os.environ, "PYTHONPATH": str(REPO)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url, self.key = self._process.stdout.readline().split()
        return self

    def counts(self) -> dict[str, int]:
        """How many requests of each kind it saw, and how many orders it charged. Once."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def __exit__(self, *_error: object) -> None:
        """End it."""
        self._process.communicate()
