# SPDX-License-Identifier: GPL-3.0-or-later
"""
Debian roots with a Blender, a virtual screen and the tools to see and click, made once and kept in the cache.

No floor (development only). Any thread. Never imports ``bpy``. Needs Linux and root; debootstrap is
installed by apt if it is absent.

About three minutes and 1.8 GB for each root. ``trixie`` is Debian's stable release (Blender 4.3.2); ``sid`` moves.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import consent
from .cache import SetupError, dev_cache, locked
from .venvs import apt_install

PACKAGES = (
    "blender",
    "python3-numpy",  # without numpy Blender's glTF importer fails
    "xvfb",
    "xauth",
    "xdotool",
    "imagemagick",
    "tesseract-ocr-eng",  # for what reads the words on the screen: Blender tells nobody where its buttons are
    "libgl1-mesa-dri",
    "libglx-mesa0",
    "libegl-mesa0",
)
# What Blender 5.2 itself imports and Debian's package does not ask for: without requests its extension system fails.
EXTRA_PACKAGES = {"trixie": (), "sid": ("python3-cattr", "python3-requests")}
SUITES = tuple(EXTRA_PACKAGES)
FARM_PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge", "parallel")
"""Engines of farms, for the tests that run batches on them: added to a root when the first of these tests runs."""

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
"""What a root sees of this machine's devices, beside terminals and shared memory of its own. Mesa draws on the CPU."""


def device_steps(root: str) -> list[str]:
    """Commands of the shell that mount a small ``/dev`` into a root.

    Args:
        root: its folder, quoted for the shell.
    """
    dev = f"{root}/dev"
    steps = [f"mount -t tmpfs -o mode=755,nosuid,noexec,size=64k tmpfs {dev}", f"mkdir {dev}/pts {dev}/shm"]
    for name in DEVICES:
        steps += [f": > {dev}/{name}", f"mount --bind /dev/{name} {dev}/{name}"]
    steps.append(f"mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,nosuid,noexec devpts {dev}/pts")
    steps.append(f"mount -t tmpfs -o mode=1777,nosuid,nodev,noexec tmpfs {dev}/shm")
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
    return steps + [f"ln -s {target} {dev}/{name}" for name, target in links.items()]


WITH_MOUNTS = " && ".join(
    [*device_steps('"$0"'), 'mount -t proc proc "$0/proc"', 'exec chroot "$0" /bin/sh -c "$1"'],
)
"""Runs a line of shell in a root, with mounts that vanish with it (used under ``unshare``)."""


def missing(suite: str) -> str:
    """Why there is no root of ``suite`` and none can be made, in a sentence; empty if there is or can be."""
    if not Path("/proc/self/ns/pid").exists() or not hasattr(os, "geteuid"):
        return "A Debian root needs Linux."
    if os.geteuid() != 0:
        return "A Debian root is made and entered by root only."
    if not shutil.which("unshare") or not shutil.which("nsenter"):
        return "The tools unshare and nsenter (package util-linux) are missing."
    if _probe_namespaces():
        return "This machine does not permit mounts in a namespace of their own."
    if (dev_cache() / "roots" / suite / "usr/bin/blender").exists() or shutil.which("debootstrap"):
        return ""
    if not shutil.which("apt-get"):
        return "debootstrap is missing."
    return ""


def _probe_namespaces() -> bool:
    probe = ["unshare", "--mount", "--propagation=private", "--net", "--pid", "--fork"]
    probe += ["mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode != 0


def ensure_root(suite: str, more: tuple[str, ...] = ()) -> Path:
    """Make the root of ``suite`` if it is not there, add packages it lacks, and return its folder.

    Args:
        suite: which of Debian's releases.
        more: packages that are needed beside those of all roots.

    Raises:
        SetupError: it cannot be made on this machine, or a step failed; the text holds that step's last words.
    """
    reason = missing(suite)
    if reason:
        raise SetupError(reason)
    folder = dev_cache() / "roots" / suite
    with locked(f"root-{suite}"):
        if not folder.is_dir():
            _make(suite, folder)
        _complete(suite, folder, more)
    return folder


def _make(suite: str, folder: Path) -> None:
    consent.ask(
        f"Make a Debian root as root, with debootstrap and apt-get, in {folder} (once, about three minutes, 1.8 GB)."
    )
    if not shutil.which("debootstrap"):
        apt_install(["debootstrap"])
    scripts = Path("/usr/share/debootstrap/scripts")
    if not (scripts / suite).exists():
        # An older debootstrap does not know a newer release by name; they are all made as sid is.
        consent.ask(f"Put a link into {scripts}, so that debootstrap knows {suite}.")
        (scripts / suite).symlink_to("sid")
    unfinished = folder.with_name(f"{suite}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    _checked(["debootstrap", "--variant=minbase", suite, str(unfinished)])
    _complete(suite, unfinished)
    unfinished.rename(folder)


def _complete(suite: str, folder: Path, more: tuple[str, ...] = ()) -> None:
    """Install the packages that are not there yet. Those that are stay at their version."""
    wanted = (*PACKAGES, *EXTRA_PACKAGES[suite], *more)
    have = subprocess.run(
        ["chroot", folder, "dpkg-query", "--show", "--showformat=${db:Status-Abbrev}${Package}\n"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    lacking = [name for name in wanted if f"ii {name}" not in have]
    if not lacking:
        return
    consent.ask(f"Install in the Debian root {suite}, as root: {' '.join(lacking)}.")
    for name in ("resolv.conf", "hosts"):
        shutil.copyfile(Path("/etc") / name, folder / "etc" / name)
    settings = Path("/etc/apt/apt.conf.d")
    if settings.is_dir():
        shutil.copytree(settings, folder / "etc/apt/apt.conf.d", dirs_exist_ok=True)
    install = "apt-get install -y -qq --no-install-recommends " + " ".join(lacking)
    line = f"export DEBIAN_FRONTEND=noninteractive LC_ALL=C; apt-get update -qq && {install} && apt-get clean"
    _checked(
        ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child=SIGKILL"]
        + ["sh", "-c", WITH_MOUNTS, str(folder), line]
    )


def _checked(command: list[str]) -> None:
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if answer.returncode:
        raise SetupError(f"{command[0]} failed:\n{answer.stdout.strip()[-2000:]}")
