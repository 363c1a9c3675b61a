#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# "blender --command extension build" leaves out folders, links and files of other folders, and says "created".
#
# A folder named in "paths" of the manifest's [build] gets into the zip as an empty one: each file must be named. A
# symbolic link is passed over, to a file as to a folder, so what a checkout, Bazel or Nix has linked is missing. And
# "paths_exclude_pattern", which follows gitignore by its documentation in the source, does not in two points. A pattern
# with a slash in the middle counts in every folder, where Git takes it from the top: "tests/data/" also drops
# "vendor/tests/data/". And once a pattern with "!" has matched, later ones are not looked at, where Git goes by the
# last: what is to be left out is published. The command ends with 0 each time, "validate" of the folder and of the zip
# succeeds, and what is missing shows where the add-on is installed. Compare the zip with the folder.
#
# Versions: bpy 5.3.0 (Python 3.13), from PyPI, its file blender_ext.py; Git 2.39.5. 4.2.23, 5.0.1 and 5.2.3 are the
# same (tried too).
# Input: an add-on of a few empty files; "linked.py" and "shared" are links to a file and a folder of it.
#
# Seen (what is missing in the zip; of patterns, what the builder takes and what Git would):
#     nothing set: created, without ['linked.py', 'shared/part.py']
#     paths ["__init__.py", "icons", "lib/"]: created, without ['icons/a.png', 'lib/part.py']
#     patterns ["tests/data/"]: created, Blender leaves out ['tests/data/x', 'vendor/tests/data/y'], Git ['tests/data/x']
#     patterns ["/lib/*", "!*.py", "part.py"]: created, Blender leaves out [], Git ['lib/part.py']
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
cat > "$scratch/look.py" <<'PY'
import json, os, subprocess, sys, zipfile
from pathlib import Path

folder, builder = Path(sys.argv[1], "source"), sys.argv[2]
FILES = ["__init__.py", "icons/a.png", "lib/part.py", "tests/data/x", "vendor/tests/data/y"]
for name in FILES:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
(folder / "linked.py").symlink_to("lib/part.py")
(folder / "shared").symlink_to("lib")
subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def build(settings):
    """Build the extension; return what the command says, and the names of the files in the zip."""
    (folder / "blender_manifest.toml").write_text(f'''schema_version = "1.0.0"
id = "example"
version = "1.0.0"
name = "Example"
tagline = "Example of an extension"
maintainer = "Example"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
{settings}''')
    out = folder.parent / "out.zip"
    out.unlink(missing_ok=True)
    command = [sys.executable, builder, "build", "--source-dir", folder, "--output-filepath", out, "--valid-tags="]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with zipfile.ZipFile(out) as file:
        return said.splitlines()[-1].split(":")[0], set(file.namelist())


def missing(names, wanted):
    return sorted(set(wanted) - names)


def git_leaves_out(patterns):
    (folder / ".git/info/exclude").write_text("".join(f"{pattern}\n" for pattern in patterns))
    command = ["git", "-c", "core.excludesFile=/dev/null", "check-ignore", *FILES]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout.split()


said, names = build("")
print(f"seen nothing set: {said}, without {missing(names, [*FILES, 'linked.py', 'shared/part.py'])}")
paths = ["__init__.py", "icons", "lib/"]
said, names = build(f"[build]\npaths = {json.dumps(paths)}\n")
print(f"seen paths {json.dumps(paths)}: {said}, without {missing(names, FILES[:3])}")
for patterns in (["tests/data/"], ["/lib/*", "!*.py", "part.py"]):
    said, names = build(f"[build]\npaths_exclude_pattern = {json.dumps(patterns)}\n")
    print(f"seen patterns {json.dumps(patterns)}: {said}, Blender leaves out {missing(names, FILES)},"
          f" Git {git_leaves_out(patterns)}")
PY
"$(python_of 3.13)" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$scratch" \
    bpy==5.3.0 2>/dev/null
(cd "$scratch" && python3 -m zipfile -e bpy-5.3.0-*.whl wheel && rm bpy-5.3.0-*.whl)
"$(python_of 3.13)" "$scratch/look.py" "$scratch" "$scratch/wheel/bpy/5.3/scripts/addons_core/bl_pkg/cli/blender_ext.py" |
    sed -n 's/^seen //p' | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
nothing set: created, without ['linked.py', 'shared/part.py']
paths ["__init__.py", "icons", "lib/"]: created, without ['icons/a.png', 'lib/part.py']
patterns ["tests/data/"]: created, Blender leaves out ['tests/data/x', 'vendor/tests/data/y'], Git ['tests/data/x']
patterns ["/lib/*", "!*.py", "part.py"]: created, Blender leaves out [], Git ['lib/part.py']
WANTED
