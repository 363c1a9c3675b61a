# SPDX-License-Identifier: GPL-3.0-or-later
"""
See it work: ``python scripts/demo.py``. On a fresh machine it first sets itself up; no key is needed.

    python scripts/demo.py             words and a picture become two models: demo/demo.blend, demo/demo.png
    python scripts/demo.py --window    a Blender with the add-on and a service to try it on, until it is closed
    python scripts/demo.py --live      the same with the real service and TRIVERSE_API_KEY; costs credits

The service is the tests' stand-in on this machine, which speaks Triverse's API and hands out sample models. The add-on
is the built zip, installed into a throw-away profile.

No floor (development only); standard library only, Python 3.11 or newer. What runs in Blender is ``_dev/demo_*.py``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _dev import consent
from _dev.cache import REPO, SetupError
from _dev.package import BuildError, build
from _dev.venvs import BPY, ensure, missing

#: The stand-in takes its sample "multi" for a prompt with this word in it, and "20k" for any picture.
PROMPT = "multi-coloured vases on a wooden board"
PICTURE = "turquoise_vase.png"
SAMPLES = ("20k", "multi")
SPEED = 4
#: Everything of the person's own that must not reach what is shown, and everything of a demo before.
OWN_VARIABLES = ("TRIVERSE_API_KEY", "TRIVERSE_API_URL", "PYTHONPATH", "PYTHONHOME")


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


def main() -> int:
    """Show it. Exit code 1 with a sentence if it cannot be shown."""
    parser = argparse.ArgumentParser(description="See Triverse for Blender work. No key is needed.")
    parser.add_argument("--window", action="store_true", help="open a Blender with the add-on (on PATH or BLENDER=)")
    parser.add_argument("--live", action="store_true", help="use the real service and TRIVERSE_API_KEY; costs credits")
    parser.add_argument("--folder", type=Path, default=REPO / "demo", help="where everything goes (default: demo)")
    parser.add_argument("--yes", action="store_true", help="install Debian packages that are missing without asking")
    options = parser.parse_args()
    if options.yes:
        consent.give()
    folder = options.folder.resolve()
    try:
        service = _real_service() if options.live else None
        python = _python()
        _fresh_folder(folder)
        addon = build(folder / "dist")
        with contextlib.nullcontext(service) if service else _stand_in(python, folder) as env:
            if options.window:
                _show_window(folder, addon, env)
            else:
                _show_headless(python, folder, addon, env)
    except (DemoError, SetupError, BuildError) as error:
        print(f"The demo cannot go on. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _shown(path: Path) -> Path:
    """A path as short as it can be said."""
    return path.relative_to(REPO) if path.is_relative_to(REPO) else path


def _say(text: str) -> None:
    print(text, flush=True)


# ---------------------------------------------------------------------------------------------------------------------
# Setting up


def _python() -> Path:
    """A Python with Blender as a module, made if need be."""
    for recipe in (BPY["5.0.1"], BPY["5.2.3"]):
        if not missing(recipe):
            return ensure(recipe)
    raise DemoError(
        "Blender as a Python module exists for Python 3.11 and 3.13 only, and neither was found on this machine. "
        "Install one of them and start the demo again, with any Python from 3.11 on."
    )


def _fresh_folder(folder: Path) -> None:
    """An empty folder. Only what a demo made is removed, and only in a folder that a demo made."""
    mark = folder / ".triverse-demo"
    if folder.is_dir() and any(folder.iterdir()) and not mark.exists():
        raise DemoError(f"{folder} is not empty and not from a demo. Choose another --folder, or remove it.")
    for name in ("data", "profile", "dist"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("demo.blend", "demo.png", PICTURE):
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _real_service() -> dict[str, str]:
    key = os.environ.get("TRIVERSE_API_KEY", "").strip()
    if not key:
        raise DemoError("--live needs your key for the Triverse API in the variable TRIVERSE_API_KEY.")
    url = os.environ.get("TRIVERSE_API_URL", "").strip()
    return {"TRIVERSE_API_KEY": key} | ({"TRIVERSE_API_URL": url} if url else {})


@contextlib.contextmanager
def _stand_in(python: Path, folder: Path) -> Iterator[dict[str, str]]:
    """The stand-in for the service, while this lasts; gives the environment that leads to it."""
    _say("Starting a stand-in for the service on this machine (the first time it makes its sample models) ...")
    command = [str(python), "-m", "tests.service", "--json", f"--speed={SPEED}", "--samples", *SAMPLES]
    log = folder / "service.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=REPO, env=_clean(folder, {}), stdout=subprocess.PIPE, stderr=file)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise DemoError(f"The stand-in did not start: {log.read_text(errors='replace').strip()[-1000:]}")
        told = json.loads(line)
        yield {"TRIVERSE_API_URL": told["url"], "TRIVERSE_API_KEY": told["key"]}
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _clean(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: this one without the person's own settings, and ``env``."""
    kept = {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
    return kept | {"BLENDER_USER_RESOURCES": str(folder / "profile")} | dict(env)


# ---------------------------------------------------------------------------------------------------------------------
# Without a window


def _show_headless(python: Path, folder: Path, addon: Path, env: Mapping[str, str]) -> None:
    picture = _picture(python, folder)
    _say(f"Installing {_shown(addon)} into a throw-away profile ...")
    _run(folder, [python, _script("demo_install"), addon], env)
    uuids = []
    for words, options in ((f'"{PROMPT}"', ["--prompt", PROMPT]), (picture.name, ["--image", picture])):
        _say(f"\nA model from {words}:")
        started_s = time.monotonic()
        lines = _triverse(python, folder, ["generate", *options], env)
        result = next(line for line in lines if line["type"] == "result")
        uuids.append(result["task_uuid"])
        _say(
            f"  task {result['task_uuid']}, {result['cost_credits']} credits, {time.monotonic() - started_s:.0f} s, "
            f"{result['triangles']} triangles"
        )
    blend, image = folder / "demo.blend", folder / "demo.png"
    _say("\nBoth into one scene, and a picture of it:")
    _triverse(python, folder, ["track", *uuids, "--output", blend], env)
    _run(folder, [python, _script("demo_scene"), blend, image], env)
    _say(
        f"""
Done. Look at
  {_shown(image)}     the picture
  {_shown(blend)}   the scene, to be opened in Blender
  {_shown(folder / "data")}         the task list, and each model as .glb and .blend

Try next
  python scripts/demo.py --window     the panel, in a Blender that is on PATH or named by BLENDER=
  python scripts/test.py              the tests
  README.md                           installing it, the first model, the documentation"""
    )


def _picture(python: Path, folder: Path) -> Path:
    """A picture to make a model from: the preview of one of the stand-in's models."""
    code = "import sys; from tests.service import models; models.ensure(['20k']); print(models.preview_path('20k'))"
    answer = subprocess.run(
        [python, "-c", code], cwd=REPO, env=_clean(folder, {}), capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise DemoError(f"The sample picture could not be made: {answer.stderr.strip()[-1000:]}")
    return Path(shutil.copyfile(answer.stdout.strip().splitlines()[-1], folder / PICTURE))


def _triverse(
    python: Path, folder: Path, argv: Sequence[str | Path], env: Mapping[str, str]
) -> list[dict[str, object]]:
    """Run one command of the installed add-on; its progress is seen, its JSON lines are returned."""
    said = _run(folder, [python, _script("demo_command"), *argv, "--data", folder / "data", "--json"], env)
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def _run(folder: Path, command: Sequence[str | Path], env: Mapping[str, str]) -> str:
    """Run a child with its stderr on the terminal; returns its stdout."""
    answer = subprocess.run(
        [str(part) for part in command], env=_clean(folder, env), stdout=subprocess.PIPE, text=True, check=False
    )
    if answer.returncode:
        raise DemoError(f"{Path(command[1]).name} ended with {answer.returncode}. {answer.stdout.strip()[-1000:]}")
    return answer.stdout


def _script(name: str) -> Path:
    return REPO / "scripts" / "_dev" / f"{name}.py"


# ---------------------------------------------------------------------------------------------------------------------
# In a window


def _show_window(folder: Path, addon: Path, env: Mapping[str, str]) -> None:
    blender = os.environ.get("BLENDER") or shutil.which("blender")
    if not blender:
        raise DemoError("No Blender was found. Put it on PATH, or name it: BLENDER=/path/to/blender.")
    install = [blender, "--command", "extension", "install-file", "--repo=user_default", "--enable", str(addon)]
    try:
        answer = subprocess.run(install, env=_clean(folder, {}), capture_output=True, text=True, check=False)
    except OSError as error:
        raise DemoError(f"{blender} cannot be started: {error.strerror}.") from None
    if answer.returncode:
        raise DemoError(f"Blender could not install the add-on: {(answer.stdout + answer.stderr).strip()[-1000:]}")
    _say("In Blender: sidebar (N), tab Triverse. Describe something, press Generate. Close Blender to end the demo.")
    code = subprocess.run(
        [blender, "--python", str(_script("demo_window"))], env=_clean(folder, env), check=False
    ).returncode
    if code:
        raise DemoError(f"Blender ended with {code}.")


if __name__ == "__main__":
    sys.exit(main())
