#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An extension gets its own wheel only after the next start, and Blender 5.2 itself then runs on that wheel.
#
# A good engineer would guess that a wheel serves the extension that declares it, from the moment it is enabled, and that
# Blender goes on with its own copy. All wheels share one folder. When an extension is installed, the folder is put at the
# end of sys.path, behind the packages that Blender brings: what Blender has too comes from there. At the next start, the
# folder is put before them, and the extension gets what it declares. In 5.2, the extension system imports requests,
# urllib3, certifi, charset_normalizer, idna and cattrs when it is registered, to restore listings of remote asset
# libraries; by then the folder is in place. So Blender's own downloads use whatever version an extension ships, also one
# that is not enabled: as a module, Blender reads no preferences.
#
# Versions: bpy 5.0.1 (Python 3.11), 5.2.3 and 5.3.0 (Python 3.13), requests 2.34.2 beside it and 2.31.0 in the extension,
# all from PyPI.
# Input: a valid extension of one line, with a wheel.
#
# Seen, the version that is loaded at the start, and what "import requests" gives:
#     5.0.1: at first None, after installing 2.34.2; next start None, then 2.31.0
#     5.2.3: at first 2.34.2, after installing 2.34.2; next start 2.31.0, then 2.31.0
#     5.3.0: at first None, after installing 2.34.2; next start None, then 2.31.0
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
mkdir -p "$scratch/extension/wheels"
"$(python_of 3.11)" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$scratch/extension/wheels" requests==2.31.0
cat > "$scratch/extension/blender_manifest.toml" <<'TOML'
schema_version = "1.0.0"
id = "example"
version = "1.0.0"
name = "Example"
tagline = "Example of an extension with a wheel"
maintainer = "Example"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
wheels = ["./wheels/requests-2.31.0-py3-none-any.whl"]
TOML
echo 'register = unregister = lambda: None' > "$scratch/extension/__init__.py"
(cd "$scratch/extension" && "$(python_of 3.11)" -m zipfile -c "$scratch/example.zip" blender_manifest.toml __init__.py wheels)
cat > "$scratch/look.py" <<'PY'
import sys
import bpy

print("seen", getattr(sys.modules.get("requests"), "__version__", None))
if len(sys.argv) > 1:
    bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo="user_default", enable_on_install=True)
    assert "bl_ext.user_default.example" in sys.modules, "it is enabled"
import requests
print("seen", requests.__version__)
PY
good=0
for pair in 5.0.1:3.11 5.2.3:3.13 5.3.0:3.13; do
    version=${pair%%:*}
    "$(python_of "${pair##*:}")" -m venv "$scratch/$version"
    python=$scratch/$version/bin/python
    "$python" -m pip install --quiet --disable-pip-version-check "bpy==$version" requests==2.34.2
    export BLENDER_USER_RESOURCES="$scratch/user-$version"
    mkdir "$BLENDER_USER_RESOURCES"
    set -- $("$python" "$scratch/look.py" "$scratch/example.zip" | sed -n 's/^seen //p') \
        $("$python" "$scratch/look.py" | sed -n 's/^seen //p')
    seen="$version: at first $1, after installing $2; next start $3, then $4"
    echo "$seen"
    grep -qxF "#     $seen" "$0" || good=1
    rm -rf "${scratch:?}/$version"
done
exit "$good"
