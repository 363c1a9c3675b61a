#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# "deadline manifest snapshot" leaves out all names with a dot in front; --exclude alone leaves out everything.
#
# A snapshot of a folder is what AWS Deadline Cloud stores and compares. Files and folders whose names begin with a dot
# are not in it, though they are in a job's own input folders by the source: records of tools, licences and caches are
# missing on the worker, and "manifest diff" does not see that they changed or went. As soon as --exclude is given
# without --include, nothing is included: no manifest is written, and the code is 0; "manifest diff" with it says that
# all was deleted. A folder's name, which both options may have by their help ("files and directories"), includes and
# excludes nothing; it takes "props/**". So write --include "**/*" --include "**/.*" --include "**/.*/**" each time.
#
# Versions: deadline 0.60.10, deadline-job-attachments 0.1.5, from PyPI, Python 3.11.
# Input: a folder of four small files. No account, no network: the command "manifest" works on folders.
#
# Seen (options; the code; the files in the manifest):
#     snapshot: 0, ['catalogs.txt', 'props/chair.blend']
#     snapshot --exclude *.txt: 0, no manifest
#     snapshot --include **/* --exclude *.txt: 0, ['props/chair.blend']
#     snapshot --include **/* --exclude props: 0, ['catalogs.txt', 'props/chair.blend']
#     snapshot --include props: 0, no manifest
#     snapshot --include **/* --include **/.* --include **/.*/**: 0, all four
#     diff to the first: deleted []
#     diff to the first --exclude *.txt: deleted ['catalogs.txt', 'props/chair.blend']
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
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
    deadline==0.60.10 deadline-job-attachments==0.1.5 2>/dev/null
cat > "$scratch/look.py" <<'PY'
import json, os, subprocess, sys
from pathlib import Path

folder = Path(sys.argv[1])
FILES = [".records/rows.json", "catalogs.txt", "props/.licence", "props/chair.blend"]
for name in FILES:
    (folder / "library" / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / "library" / name).write_text(name)
(folder / "home").mkdir()
command = [Path(sys.executable).parent / "deadline", "manifest"]
count = 0


def run(*arguments):
    environment = {**os.environ, "HOME": str(folder / "home")}
    return subprocess.run([*command, *arguments, "--root", folder / "library"], env=environment, capture_output=True,
                          text=True)


def snapshot(*options):
    global count
    count += 1
    out = folder / f"manifests-{count}"
    out.mkdir()
    done = run("snapshot", "--destination", out, "--name", "one", *options)
    files = [sorted(one["path"] for one in json.loads(path.read_text())["paths"]) for path in out.iterdir()]
    shown = "no manifest" if not files else "all four" if files[0] == FILES else files[0]
    print(f"{' '.join(('snapshot', *options))}: {done.returncode}, {shown}")


def diff(*options):
    (first,) = (folder / "manifests-1").iterdir()
    done = run("diff", "--manifest", first, "--json", *options)
    print(f"{' '.join(('diff to the first', *options))}: deleted {sorted(json.loads(done.stdout)['deleted'])}")


snapshot()
snapshot("--exclude", "*.txt")
snapshot("--include", "**/*", "--exclude", "*.txt")
snapshot("--include", "**/*", "--exclude", "props")
snapshot("--include", "props")
snapshot("--include", "**/*", "--include", "**/.*", "--include", "**/.*/**")
(folder / "library/props/.licence").unlink()
diff()
diff("--exclude", "*.txt")
PY
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
snapshot: 0, ['catalogs.txt', 'props/chair.blend']
snapshot --exclude *.txt: 0, no manifest
snapshot --include **/* --exclude *.txt: 0, ['props/chair.blend']
snapshot --include **/* --exclude props: 0, ['catalogs.txt', 'props/chair.blend']
snapshot --include props: 0, no manifest
snapshot --include **/* --include **/.* --include **/.*/**: 0, all four
diff to the first: deleted []
diff to the first --exclude *.txt: deleted ['catalogs.txt', 'props/chair.blend']
WANTED
