#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# "blender --command extension" ends with 0 where nothing was installed, and where the repository was not reached.
#
# install-file of a zip that is not there, that is for other Blenders, or into a repository of an unknown name prints a
# line and ends with 0; so does sync, or "update --sync", without the repository. An add-on that is installed and cannot
# be imported does give 1, and so does "install" of an unknown name, so the code looks as if it could be relied on.
# Images of containers, farms' start scripts and CI go on without the extension. And "repo-add" under a name that is
# taken adds another repository, NAME_001, with 0 too: a script that sets a machine up, run twice, doubles it. The
# commands' --help tells nothing of exit codes. Ask "extension list" afterwards, or look for the folder.
#
# Versions: bpy 5.3.0 (Python 3.13), from PyPI; its handler of the command is called as Blender calls it, which ends
# with what it returns. 4.2.23 is the same, and so are the first three lines with the command itself in Blender 5.2.2 of
# Debian (tried too).
# Input: valid extensions of a few lines; "older" is for Blender 4.2 only, "lacking" imports a module that is not there.
#
# Seen (the code; the extensions that are installed then; the repositories):
#     install-file absent.zip: 0, [] in ['blender_org', 'user_default']
#     install-file older.zip: 0, [] in ['blender_org', 'user_default']
#     install-file example.zip --repo=other: 0, [] in ['blender_org', 'user_default']
#     install-file lacking.zip: 1, ['lacking'] in ['blender_org', 'user_default']
#     install-file example.zip: 0, ['example', 'lacking'] in ['blender_org', 'user_default']
#     repo-add own: 0, ['example', 'lacking'] in ['blender_org', 'own', 'user_default']
#     repo-add own: 0, ['example', 'lacking'] in ['blender_org', 'own', 'own_001', 'user_default']
#     sync: 0, ['example', 'lacking'] in ['blender_org', 'own', 'own_001', 'user_default']
#     update --sync: 0, ['example', 'lacking'] in ['blender_org', 'own', 'own_001', 'user_default']
#     install unknown: 1, ['example', 'lacking'] in ['blender_org', 'own', 'own_001', 'user_default']
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys, zipfile
from pathlib import Path
import bpy
from bl_pkg.bl_extension_cli import cli_extension_handler

folder = Path(sys.argv[1])
installed = Path(os.environ["BLENDER_USER_RESOURCES"], "extensions", "user_default")
preferences = bpy.context.preferences
preferences.system.use_online_access = True
MANIFEST = '''schema_version = "1.0.0"
id = "{name}"
version = "1.0.0"
name = "Example"
tagline = "Example of an extension"
maintainer = "Example"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
'''
for name, code, more in (
    ("example", "", ""),
    ("lacking", "import module_that_is_not_there\n", ""),
    ("older", "", 'blender_version_max = "4.3.0"\n'),
):
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as file:
        file.writestr("__init__.py", f"{code}register = unregister = lambda: None\n")
        file.writestr("blender_manifest.toml", MANIFEST.format(name=name) + more)


def run(shown, *arguments):
    code = cli_extension_handler([str(argument) for argument in arguments])
    names = sorted(path.parent.name for path in installed.glob("*/blender_manifest.toml"))
    repositories = sorted(one.module for one in preferences.extensions.repos if one.source == "USER")
    print(f"seen {shown}: {code}, {names} in {repositories}", flush=True)


for name, repository in (
    ("absent", "user_default"),
    ("older", "user_default"),
    ("example", "other"),
    ("lacking", "user_default"),
    ("example", "user_default"),
):
    shown = f"install-file {name}.zip" + ("" if repository == "user_default" else f" --repo={repository}")
    run(shown, "install-file", f"--repo={repository}", "--enable", folder / f"{name}.zip")
preferences.extensions.repos["extensions.blender.org"].enabled = False  # nothing is to be asked on the network
address = (folder / "nowhere" / "index.json").as_uri()
for _ in range(2):
    run("repo-add own", "repo-add", "own", "--url", address)
run("sync", "sync")
run("update --sync", "update", "--sync")
run("install unknown", "install", "unknown")
os._exit(0)
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
export BLENDER_USER_RESOURCES="$scratch/user"
mkdir "$BLENDER_USER_RESOURCES"
"$(python_of 3.13)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0 2>/dev/null
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" 2>/dev/null | sed -n 's/^seen //p' | tee "$scratch/seen"
sed -n 's/^#     //p' "$0" | diff - "$scratch/seen"
