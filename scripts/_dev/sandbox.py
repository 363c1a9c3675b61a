# SPDX-License-Identifier: GPL-3.0-or-later
"""
A place to run programs in: a Debian root with namespaces of its own, or this machine as it is.

No floor (development only). One thread per sandbox. Never imports ``bpy``. Linux only.

In a root, the mounts live in a private mount namespace and the programs in a private PID namespace: when the sandbox
closes, or this process dies in any way, the kernel ends every program in it and no mount is left behind. Of this
machine's devices they see a handful (``blender_root.DEVICES``), of its network the ports that this process names in
``ports``, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .blender_root import device_steps

if TYPE_CHECKING:
    from .loopback import Door

_END_LIMIT_S = 10.0
"""For a program that was killed to give back its memory, or has closed its connection to us."""
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TERM")


class SandboxError(Exception):
    """The sandbox could not be made; the text says why."""


class Sandbox:
    """Programs started here end when it closes.

    Args:
        root: the Debian root, or None for this machine as it is.
        scratch: an own, existing folder. Inside a root, ``scratch/tmp`` is its ``/tmp``.
        shares: folders that are seen in the root under the same path. ``scratch`` always is.
        site_hook: a ``sitecustomize.py`` that each Python in the root runs first, Blender's too. Its folder is seen.
    """

    def __init__(
        self, root: Path | None, scratch: Path, shares: Sequence[Path] = (), site_hook: Path | None = None
    ) -> None:
        self.root = root
        self.scratch = scratch.resolve()
        self._shares = [self.scratch, *(share.resolve() for share in shares)]
        self._site_hook = site_hook
        if site_hook is not None:
            self._shares.append(site_hook.parent)
        self._started: list[subprocess.Popen[Any]] = []
        self._init: subprocess.Popen[bytes] | None = None
        self._init_pid = 0
        self._door: Door | None = None
        (self.scratch / "tmp").mkdir(exist_ok=True)
        if root is not None:
            self._enter(root)

    def _enter(self, root: Path) -> None:
        """Start the root's first process. It reads a pipe from us, so our end, however it comes, is its end too."""
        quoted = shlex.quote(str(root))
        steps = [*device_steps(quoted), f"mount -t proc proc {quoted}/proc"]
        steps.append(f"mount --bind {shlex.quote(str(self.scratch / 'tmp'))} {quoted}/tmp")
        # Shortest first, so that a folder inside another is mounted over it.
        for share in sorted(set(self._shares), key=lambda path: len(path.parts)):
            source, target = shlex.quote(str(share)), shlex.quote(f"{root}{share}")
            steps += [f"mkdir -p {target}", f"mount --bind {source} {target}"]
        if self._site_hook is not None:
            # Debian's own, which is empty. Its Pythons see it by way of a link that leads from the root's "/".
            hook = shlex.quote(str(self._site_hook))
            for own in root.glob("etc/python3.*/sitecustomize.py"):
                steps.append(f"mount --bind {hook} {shlex.quote(str(own))}")
        steps.append(f"exec chroot {quoted} sh -c 'echo ready; exec cat'")
        self._init = subprocess.Popen(
            ["unshare", "--mount", "--propagation=private", "--net", "--pid", "--fork", "--kill-child=SIGKILL"]
            + ["sh", "-c", " && ".join(steps)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._init.stdout is not None
        assert self._init.stderr is not None
        if self._init.stdout.readline().strip() != b"ready":
            raise SandboxError(
                f"The root {root.name} could not be entered: {self._init.stderr.read().decode().strip()}"
            )
        self._init_pid = children_of(self._init.pid)[0]
        from .loopback import Door  # Linux only, as a root is

        self._door = Door(self._init_pid)

    def _command(self, argv: Sequence[str | Path]) -> list[str]:
        """``argv`` as a command of this machine that runs it in the sandbox."""
        plain = [str(part) for part in argv]
        if self._init is None:
            return plain
        # --wdns: the working directory is one inside the root.
        return ["nsenter", f"--target={self._init_pid}", "--mount", "--net", "--pid", "--root", "--wdns=/tmp", *plain]

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """A small environment: what is set on this machine (a key, Python's paths) must not reach what is tested.

        It is handed on as an environment, never on a command line, where every user of the machine could read a key.
        """
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        if self._init is not None:
            kept["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return kept | {"LANG": "C.UTF-8"} | dict(env)

    def popen(
        self, argv: Sequence[str | Path], env: Mapping[str, str], log: IO[bytes] | int
    ) -> subprocess.Popen[bytes]:
        """Start a program; stdout and stderr go to ``log``."""
        process = subprocess.Popen(
            self._command(argv),
            env=self._environment(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def run(
        self, argv: Sequence[str | Path], env: Mapping[str, str] | None = None, *, stdin: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end."""
        return subprocess.run(
            self._command(argv), env=self._environment(env or {}), input=stdin, capture_output=True, check=False
        )

    def pid_of(self, process: subprocess.Popen[bytes]) -> int:
        """The process id, as this machine sees it, of the program that :meth:`popen` started."""
        if self._init is None:
            return process.pid
        inside = children_of(process.pid)  # nsenter forks to enter a PID namespace
        if not inside:
            raise SandboxError("The program has ended.")
        return inside[0]

    def close(self) -> None:
        """End every program that was started here."""
        if self._door is not None:
            self._door.close()
            self._door = None
        if self._init is not None:
            self._init.kill()
            self._init.wait()
            for pipe in (self._init.stdin, self._init.stdout, self._init.stderr):
                if pipe is not None:
                    pipe.close()
        for process in reversed(self._started):
            # In a root, its program has ended. That nsenter waits for it, adds its processor time to what we have used.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.0 if self._init is None else _END_LIMIT_S)
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._started.clear()


def children_of(pid: int) -> list[int]:
    """Process ids of the children of ``pid``; empty if it has ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def how_it_ended(process: subprocess.Popen[bytes]) -> str:
    """Say what became of a Blender whose connection has ended: where the log has no words, that tells most."""
    try:
        code = process.wait(_END_LIMIT_S)
    except subprocess.TimeoutExpired:
        return "Blender has closed its connection, and lives"
    return f"Blender has ended, {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"
