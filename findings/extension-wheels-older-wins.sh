#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of two versions of a package in extensions, Blender may choose the older one: it takes 3.2.1 for newer than 3.4.
#
# Blender takes one wheel of each package for all extensions, the newest, as its source says. It compares three numbers,
# and reads a version of two with a zero in the middle: 3.4 is 3.0.4, and less than 3.2.1. The extension that needs the
# newer one imports the older one, whichever was installed first, and nothing is said. Packages such as networkx and
# sympy have versions of two and of three numbers.
# Names are compared with their capitals, and packages have changed them (Pillow up to 10.0.1, pillow from 10.1.0;
# PyYAML and Jinja2 too): such wheels count as two packages. Both are unpacked into the same folder, one over the other:
# what was installed last is on top, Python is told of two versions, and files that only the first had stay in between.
#
# Versions: bpy 5.3.0 (Python 3.13), networkx 3.2.1 and 3.4, Jinja2 3.1.2 and 3.1.6, from PyPI. 5.0.1 and 5.2.3 are the
# same (tried too), and Pillow 10.0.1 and 10.4.0 fare as Jinja2 does.
#
# Seen, each pair installed in both orders, the version that is there after the next start:
#     networkx 3.2.1, then 3.4: networkx 3.2.1 of ['networkx-3.2.1.dist-info']
#     networkx 3.4, then 3.2.1: networkx 3.2.1 of ['networkx-3.2.1.dist-info']
#     jinja2 3.1.2, then 3.1.6: jinja2 3.1.6 of ['Jinja2-3.1.2.dist-info', 'jinja2-3.1.6.dist-info']
#     jinja2 3.1.6, then 3.1.2: jinja2 3.1.2 of ['Jinja2-3.1.2.dist-info', 'jinja2-3.1.6.dist-info']
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
for wheel in networkx==3.2.1 networkx==3.4 jinja2==3.1.2 jinja2==3.1.6; do
    "$(python_of 3.13)" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --dest "$scratch" "$wheel" 2>/dev/null
done
cat > "$scratch/make.py" <<'PY'
import sys, zipfile
from pathlib import Path

for wheel in Path(sys.argv[1]).glob("*.whl"):
    name, version = wheel.name.lower().split("-")[:2]
    with zipfile.ZipFile(wheel.parent / f"{name}-{version}.zip", "w") as file:
        file.writestr("__init__.py", "register = unregister = lambda: None\n")
        file.writestr("blender_manifest.toml", f'''schema_version = "1.0.0"
id = "with_{name}_{version.replace(".", "_")}"
version = "1.0.0"
name = "Example"
tagline = "Example of an extension with a wheel"
maintainer = "Example"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
wheels = ["./wheels/{wheel.name}"]
''')
        file.write(wheel, f"wheels/{wheel.name}")
PY
python3 "$scratch/make.py" "$scratch"
cat > "$scratch/do.py" <<'PY'
"""Install zips and enable them, or tell which version of a package is there."""
import os, sys
from pathlib import Path
import bpy

package, *zips = sys.argv[1:]
for path in zips:
    answer = bpy.ops.extensions.package_install_files(filepath=path, repo="user_default", enable_on_install=True)
    assert answer == {"FINISHED"}
if zips:
    bpy.ops.wm.save_userpref()
    os._exit(0)
bpy.ops.wm.read_userpref()  # Blender does so when it starts, the module does not
folder = next(Path(os.environ["BLENDER_USER_RESOURCES"]).glob("extensions/.local/lib/*/site-packages"))
lines = (folder / package / "__init__.py").read_text().splitlines()
(version,) = [line.split('"')[1] for line in lines if line.startswith("__version__ =")]
print(f"seen {package} {version} of {sorted(path.name for path in folder.glob('*.dist-info'))}", flush=True)
os._exit(0)
PY
"$(python_of 3.13)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0 2>/dev/null
while read -r package first second; do
    export BLENDER_USER_RESOURCES="$scratch/user-$package-$first"
    mkdir "$BLENDER_USER_RESOURCES"
    now() { "$scratch/venv/bin/python" "$scratch/do.py" "$package" "$@" 2>/dev/null | sed -n 's/^seen //p'; }
    now "$scratch/$package-$first.zip" "$scratch/$package-$second.zip"
    echo "$package $first, then $second: $(now)"
done <<'LIST' | tee "$scratch/seen"
networkx 3.2.1 3.4
networkx 3.4 3.2.1
jinja2 3.1.2 3.1.6
jinja2 3.1.6 3.1.2
LIST
diff - "$scratch/seen" <<'WANTED'
networkx 3.2.1, then 3.4: networkx 3.2.1 of ['networkx-3.2.1.dist-info']
networkx 3.4, then 3.2.1: networkx 3.2.1 of ['networkx-3.2.1.dist-info']
jinja2 3.1.2, then 3.1.6: jinja2 3.1.6 of ['Jinja2-3.1.2.dist-info', 'jinja2-3.1.6.dist-info']
jinja2 3.1.6, then 3.1.2: jinja2 3.1.2 of ['Jinja2-3.1.2.dist-info', 'jinja2-3.1.6.dist-info']
WANTED
