#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An extension's update, or another extension's removal, deletes packages of wheels that are still wanted, for good.
#
# Blender unpacks the wheels of all extensions into one folder. When a wheel is not wanted any more, for a newer one or
# because its extension was removed, Blender deletes the whole folders at the top that it had a part in, where pip goes
# by the list of files. Many packages share such a folder: "google" (protobuf, the clients of Google's services),
# "zope", "ruamel", "jaraco", "nvidia", "cv2" of the four OpenCVs. The other wheel's name is still there, so it counts
# as installed and is not unpacked again, not at the next start either; only the extension that needs it raises a
# ModuleNotFoundError, at its next import. The operators return FINISHED, the manifests and zips are valid. Installing
# the extension again does not help; all that declare the wheel must be disabled or removed first.
#
# Versions: bpy 5.3.0 (Python 3.13), protobuf 5.29.5, googleapis-common-protos 1.66.0 and 1.70.0, all from PyPI. 4.2.23,
# 5.0.1 and 5.2.3 are the same (tried too).
# Input: "first" 1.0.0 and 1.1.0 declare protobuf 5.29.5 and the older or newer protos; "second" declares protobuf.
#
# Seen, whether google.protobuf and google.api can be found:
#     first 1.0.0 ['protobuf', 'api'], updated to 1.1.0 ['api'], next start ['api'], installed again ['api']
#     first and second ['protobuf', 'api'], first removed [], next start [], installed again []
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
"$(python_of 3.11)" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --platform any \
    --dest "$scratch" protobuf==5.29.5 googleapis-common-protos==1.70.0 2>/dev/null
"$(python_of 3.11)" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$scratch" googleapis-common-protos==1.66.0 2>/dev/null
cat > "$scratch/make.py" <<'PY'
import sys, zipfile
from pathlib import Path

folder = Path(sys.argv[1])


def make(name, version, *parts):
    """Write an extension that declares the wheels whose names begin so."""
    wheels = [next(folder.glob(f"{part}*.whl")) for part in parts]
    listed = ", ".join(f'"./wheels/{wheel.name}"' for wheel in wheels)
    with zipfile.ZipFile(folder / f"{name}-{version}.zip", "w") as file:
        file.writestr("__init__.py", "register = unregister = lambda: None\n")
        file.writestr("blender_manifest.toml", f'''schema_version = "1.0.0"
id = "{name}"
version = "{version}"
name = "{name}"
tagline = "Example of an extension with wheels"
maintainer = "Example"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
wheels = [{listed}]
''')
        for wheel in wheels:
            file.write(wheel, f"wheels/{wheel.name}")


make("first", "1.0.0", "protobuf", "googleapis_common_protos-1.66")
make("first", "1.1.0", "protobuf", "googleapis_common_protos-1.70")
make("second", "1.0.0", "protobuf")
PY
python3 "$scratch/make.py" "$scratch"
cat > "$scratch/do.py" <<'PY'
"""Install zips (folder/name-version.zip) and remove extensions (-name); tell which of the two packages are there."""
import importlib.util, os, sys
import bpy

# Blender does this when it starts, the module does not.
if os.path.exists(os.path.join(os.environ["BLENDER_USER_RESOURCES"], "config", "userpref.blend")):
    bpy.ops.wm.read_userpref()
for step in sys.argv[1:]:
    if step.startswith("-"):
        names = [repository.module for repository in bpy.context.preferences.extensions.repos]
        index = names.index("user_default")
        answer = bpy.ops.extensions.package_uninstall(repo_index=index, pkg_id=step[1:])
    else:
        answer = bpy.ops.extensions.package_install_files(filepath=step, repo="user_default", enable_on_install=True)
    assert answer == {"FINISHED"}
bpy.ops.wm.save_userpref()
importlib.invalidate_caches()
found = []
for name in ("protobuf", "api"):
    try:
        found += [name] if importlib.util.find_spec(f"google.{name}") else []
    except ModuleNotFoundError:  # there is no "google" either
        pass
print(f"seen {found}", flush=True)
os._exit(0)
PY
"$(python_of 3.13)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0
now() { "$scratch/venv/bin/python" "$scratch/do.py" "$@" 2>/dev/null | sed -n 's/^seen //p'; }
new_user() {
    export BLENDER_USER_RESOURCES="$scratch/$1"
    mkdir "$BLENDER_USER_RESOURCES"
}
{
    new_user user-1
    echo "first 1.0.0 $(now "$scratch/first-1.0.0.zip"), updated to 1.1.0 $(now "$scratch/first-1.1.0.zip")," \
        "next start $(now), installed again $(now "$scratch/first-1.1.0.zip")"
    new_user user-2
    echo "first and second $(now "$scratch/first-1.0.0.zip" "$scratch/second-1.0.0.zip")," \
        "first removed $(now -first), next start $(now), installed again $(now "$scratch/second-1.0.0.zip")"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
first 1.0.0 ['protobuf', 'api'], updated to 1.1.0 ['api'], next start ['api'], installed again ['api']
first and second ['protobuf', 'api'], first removed [], next start [], installed again []
WANTED
