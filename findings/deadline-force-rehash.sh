#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# "deadline manifest diff --force-rehash" hashes nothing again, and misses changes that are found without it.
#
# AWS Deadline Cloud keeps the hash of each file that it has seen, and takes it as long as the file's time of change is
# the same; the size does not matter. So a model that was replaced by one with the same time keeps its old hash: the
# manifest holds the old hash with the new size, and a file is stored and fetched by its hash. That comes about where
# times are fixed or kept: archives that are built reproducibly, "cp -p" and "rsync -t" of variants, a date set by a
# generator. --force-rehash, "rehash all files to compare using file hashes", is what one turns to. In "snapshot" it
# does nothing unless --diff is given, and in "diff" it asks the same store: no difference, where the quick comparison
# without it, by time and size, says modified. Removing ~/.deadline/cache/hash_cache.db helps.
#
# Versions: deadline 0.60.10, deadline-job-attachments 0.1.5, from PyPI, Python 3.11.
# Input: a file of 4 bytes, then one of 15 bytes with another content at its place, both of 2020-01-01. No account, no
# network: the command "manifest" works on folders.
#
# Seen:
#     snapshot: size 4, its own hash True
#     diff: modified ['chair.glb']
#     diff --force-rehash: modified []
#     snapshot --force-rehash: size 15, its own hash False
#     snapshot without the store: size 15, its own hash True
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
mkdir "$scratch/home" "$scratch/models" "$scratch/manifests"
cat > "$scratch/look.py" <<'PY'
"""Tell what the manifest says of the only file in the folder."""
import json, sys
from pathlib import Path
from xxhash import xxh3_128_hexdigest

manifest, model = Path(sys.argv[1]), Path(sys.argv[2])
(said,) = json.loads(manifest.read_text())["paths"]
print(f"size {said['size']}, its own hash {said['hash'] == xxh3_128_hexdigest(model.read_bytes())}")
PY
manifest() { HOME="$scratch/home" "$scratch/venv/bin/deadline" manifest "$@" --root "$scratch/models"; }
snapshot() {
    manifest snapshot --destination "$scratch/manifests" --name "$@" > "$scratch/log"
    "$scratch/venv/bin/python" "$scratch/look.py" "$scratch/manifests/$1"-* "$scratch/models/chair.glb"
}
differs() {
    manifest diff --manifest "$(echo "$scratch/manifests/first"-*)" --json "$@" |
        python3 -c 'import json, sys; print("modified", json.load(sys.stdin)["modified"])'
}
model() {
    echo "$1" > "$scratch/models/chair.glb"
    touch -d '2020-01-01 00:00' "$scratch/models/chair.glb"
}
{
    model old
    echo "snapshot: $(snapshot first)"
    model "a newer chair."
    echo "diff: $(differs)"
    echo "diff --force-rehash: $(differs --force-rehash)"
    echo "snapshot --force-rehash: $(snapshot second --force-rehash)"
    rm "$scratch/home/.deadline/cache/hash_cache.db"
    echo "snapshot without the store: $(snapshot third)"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
snapshot: size 4, its own hash True
diff: modified ['chair.glb']
diff --force-rehash: modified []
snapshot --force-rehash: size 15, its own hash False
snapshot without the store: size 15, its own hash True
WANTED
