#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# "Update" of an extension in Blender brings another version, not a newer one: 2.0.0 becomes 1.0.0.
#
# An installed extension counts as outdated when its version differs from the repository's, which is not compared as a
# version. So a test version that was installed ahead of the repository is replaced by the older one with the next
# "Update All" (extensions.package_upgrade_all, "--command extension update"), with all that it brought.
# If a repository lists two versions of an extension for the same Blender, as it does when old zips stay in its folder,
# the list in the preferences shows the last one, and what is installed is the first: an update to 2.0.0 is offered,
# 1.0.0 is fetched, and after it the update is still there. The order is that of the file index.json, and the tool that
# writes it takes the zips as the file system lists them: it warns of duplicates, and ends with 0. Keep one zip for each
# Blender.
#
# Versions: bpy 5.3.0 (Python 3.13), from PyPI. 4.2.23, 5.0.1 and 5.2.3 are the same (tried too).
# Input: a repository in a folder, which server-generate of Blender writes; for the last two lines with both zips, and
# the entries of its index.json sorted.
#
# Seen (what the repository lists; the version that "update" is said to bring; what is there then; outdated still):
#     2.0.0 is installed, ['1.0.0'] is listed: update to 1.0.0, installed 1.0.0, outdated False
#     1.0.0 is installed, ['1.0.0', '2.0.0'] is listed: update to 2.0.0, installed 1.0.0, outdated True
#     2.0.0 is installed, ['2.0.0', '1.0.0'] is listed: update to 1.0.0, installed 2.0.0, outdated True
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import json, os, subprocess, sys, tomllib, zipfile
from pathlib import Path
import bpy
from bl_pkg import repo_cache_store_ensure
from bl_pkg.cli import blender_ext

folder = Path(sys.argv[1])
installed = Path(os.environ["BLENDER_USER_RESOURCES"], "extensions", "own", "example", "blender_manifest.toml")


def publish(*versions):
    """Leave a repository with these versions in this order; return the path of its listing."""
    repository = folder / "repository"
    repository.mkdir(exist_ok=True)
    for old in repository.iterdir():
        old.unlink()
    for version in versions:
        with zipfile.ZipFile(repository / f"example-{version}.zip", "w") as file:
            file.writestr("__init__.py", "register = unregister = lambda: None\n")
            file.writestr("blender_manifest.toml", f'''schema_version = "1.0.0"
id = "example"
version = "{version}"
name = "Example"
tagline = "Example of an extension"
maintainer = "Example"
type = "add-on"
blender_version_min = "4.2.0"
license = ["SPDX:GPL-3.0-or-later"]
''')
    subprocess.run([sys.executable, blender_ext.__file__, "server-generate", "--repo-dir", repository], check=True,
                   stdout=subprocess.DEVNULL)
    listing = repository / "index.json"
    content = json.loads(listing.read_text())
    content["data"].sort(key=lambda one: versions.index(one["version"]))
    listing.write_text(json.dumps(content))
    assert {"FINISHED"} == bpy.ops.extensions.repo_sync_all()
    return listing


def version():
    return tomllib.loads(installed.read_text())["version"]


def listed():
    """The version that Blender shows in its list."""
    (there,) = repo_cache_store_ensure().pkg_manifest_from_remote_ensure(error_fn=print)
    return there["example"].version


def try_update(*versions):
    before = version()
    publish(*versions)
    offered = listed()
    assert {"FINISHED"} == bpy.ops.extensions.package_upgrade_all()
    print(f"seen {before} is installed, {list(versions)} is listed: update to {offered}, installed {version()},"
          f" outdated {listed() != version()}", flush=True)


preferences = bpy.context.preferences
preferences.system.use_online_access = True
repositories = preferences.extensions.repos
while repositories:
    repositories.remove(repositories[0])
listing = folder / "repository" / "index.json"
repositories.new(name="Own", module="own", remote_url=listing.as_uri())
publish("2.0.0")
bpy.ops.extensions.package_install(repo_index=0, pkg_id="example")
try_update("1.0.0")
try_update("1.0.0", "2.0.0")
publish("2.0.0")
bpy.ops.extensions.package_upgrade_all()
try_update("2.0.0", "1.0.0")
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
diff - "$scratch/seen" <<'WANTED'
2.0.0 is installed, ['1.0.0'] is listed: update to 1.0.0, installed 1.0.0, outdated False
1.0.0 is installed, ['1.0.0', '2.0.0'] is listed: update to 2.0.0, installed 1.0.0, outdated True
2.0.0 is installed, ['2.0.0', '1.0.0'] is listed: update to 1.0.0, installed 2.0.0, outdated True
WANTED
