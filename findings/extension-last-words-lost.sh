#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What Blender's extension commands are told last is lost where the machine is busy: a failed update says nothing.
#
# "blender --command extension update" and the buttons of the preferences have the work done by another process, whose
# messages they read. They read without waiting, and if nothing came, they look whether the process has ended, and then
# stop without reading once more. What it says between the two, and its last words are the error, is never read. It
# happened in a run of tests on two busy cores (Blender 4.3.2 of Debian): the checksum of a package was wrong, and the
# output of the command ended with the progress of the download. Scripts should not look for the message, but whether
# the version that they wanted is installed.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI: bl_extension_utils.py of the add-on bl_pkg.
# 4.5.15, 5.0.1 and 5.2.3 are the same (tried too).
#
# Seen (the process says "one" at once, and an error before it ends; on the busy machine, that comes between the two):
#     4.2.23: idle: PROGRESS one, FATAL_ERROR the checksum is wrong
#     4.2.23: busy: PROGRESS one
#     5.3.0: idle: PROGRESS one, FATAL_ERROR the checksum is wrong
#     5.3.0: busy: PROGRESS one
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/worker.py" <<'PY'
import json, sys, time

for pause_s, message in ((0.0, ["PROGRESS", "one"]), (1.0, ["FATAL_ERROR", "the checksum is wrong"])):
    time.sleep(pause_s)
    sys.stdout.write(json.dumps(message) + "\0")
    sys.stdout.flush()
PY
cat > "$scratch/look.py" <<'PY'
import glob, importlib.util, subprocess, sys, time

version, folder = sys.argv[1:]
(path,) = glob.glob(f"{sys.prefix}/lib/python*/site-packages/bpy/*/scripts/addons_core/bl_pkg/bl_extension_utils.py")
spec = importlib.util.spec_from_file_location("bl_extension_utils", path)
utils = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = utils
spec.loader.exec_module(utils)
utils.blender_ext_cmd = lambda python_args: (sys.executable, f"{folder}/worker.py")


heard = []


class Busy(subprocess.Popen):
    """Once it has said something, the system lets others run before its end is looked for."""

    def poll(self):
        time.sleep(2.0 if heard else 0.0)
        return super().poll()


def told(kind):
    subprocess.Popen = kind
    heard.clear()
    for messages in utils.command_output_from_json_0((), True, python_args=()):
        heard.extend(f"{name} {text}" for name, text in messages)
    return ", ".join(heard)


print(f"{version}: idle: {told(subprocess.Popen)}")
print(f"{version}: busy: {told(Busy)}")
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
while read -r version python; do
    "$(python_of "$python")" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: idle: PROGRESS one, FATAL_ERROR the checksum is wrong
4.2.23: busy: PROGRESS one
5.3.0: idle: PROGRESS one, FATAL_ERROR the checksum is wrong
5.3.0: busy: PROGRESS one
WANTED
