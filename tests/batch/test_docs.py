# SPDX-License-Identifier: GPL-3.0-or-later
"""
The commands of ``docs/batch.md``, run by a shell as they stand there, are commands that the add-on understands.

What they start (Blender, GNU parallel, Slurm) is a script that writes down how it was called.
One: ``python scripts/test.py tests/batch/test_docs.py``.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.batch.files import looked_at, png
from triverse_addon.batch.input.row_range import rows_in
from triverse_addon.batch.rows.post_options import COLUMNS, EXPORTS
from triverse_addon.cli.arguments import parse

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

BLENDER = r"""#!/bin/sh
{ printf '%s\037' "$@"; printf '\n'; } >> "$CALLS"
"""
PARALLEL = r"""#!/bin/sh
test "$1" = -j || exit 1
while read -r line; do
    sh -c "$(printf '%s' "$3" | sed "s/{%}/1/g; s/{}/$line/g")" || exit 1
done
"""
SBATCH = r"""#!/bin/sh
case "$2" in
--wrap) exec sh -c "$3" ;;
esac
echo 123
array=$(sed -n 's/^#SBATCH --array=\([0-9]*\)-\([0-9]*\)%[0-9]*$/\1 \2/p' "$2")
for SLURM_ARRAY_TASK_ID in $(seq $array); do
    export SLURM_ARRAY_TASK_ID
    sh "$2" >&2 || exit 1
done
"""


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A folder with what the page's commands start."""
    for name, text in (("blender", BLENDER), ("parallel", PARALLEL), ("sbatch", SBATCH)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def commands(folder: Path, script: str) -> list[argparse.Namespace]:
    """What the add-on would be told by a piece of shell script."""
    calls = folder / "calls"
    calls.write_text("")
    env = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder), "CALLS": str(calls)}
    subprocess.run(["bash", "-euc", script], cwd=folder, env=env, check=True, stdin=subprocess.DEVNULL)
    found = []
    for line in calls.read_text().splitlines():
        words = line.removesuffix("\037").split("\037")
        own = words[words.index("triverse") + 1 :] if "triverse" in words else words[words.index("--") + 1 :]
        found.append(parse(own, "triverse"))
    return found


def chunks(found: list[argparse.Namespace]) -> list[int]:
    """All rows of all parts."""
    return [number for args in found for number in rows_in(args.rows, 1000)]


def test_the_first_commands(shell: Path) -> None:
    first = commands(shell, BLOCKS[0])
    assert [(args.command, args.file, args.dry_run) for args in first] == [
        ("batch", "props.csv", True),
        ("batch", "props.csv", False),
    ]
    (inline,) = re.findall(r"`(blender [^`]*batch[^`]*)`", PAGE)
    (args,) = commands(shell, inline)
    assert (args.command, args.file) == ("batch", "props.csv")


def test_gnu_parallel(shell: Path) -> None:
    (block,) = [block for block in BLOCKS if "parallel" in block]
    *parts, merge = commands(shell, block)
    assert chunks(parts) == list(range(1, 1001))
    assert {(args.file, args.library, args.yes, args.failed_ok) for args in parts} == {
        ("/srv/props.csv", "/srv/props", True, True)
    }
    assert (merge.file, merge.library, merge.merge) == ("/srv/props.csv", "/srv/props", True)


def test_slurm(shell: Path) -> None:
    (script,) = [block for block in BLOCKS if block.startswith("#!/bin/sh\n")]
    (submit,) = [block for block in BLOCKS if block.startswith("job=$(sbatch")]
    (shell / "batch.sh").write_text(script)
    *parts, merge = commands(shell, submit)
    assert chunks(parts) == list(range(1, 1001))
    assert len({args.data for args in parts}) == 40
    assert merge.merge


@pytest.mark.parametrize(("start", "name"), [("name,prompt", "rows.csv"), ("{", "rows.jsonl")])
def test_the_files_on_the_page_are_read(tmp_path: Path, start: str, name: str) -> None:
    (block,) = [block for block in BLOCKS if block.startswith(start)]
    png(tmp_path / "pictures" / "chair.png")
    (tmp_path / name).write_text(block, encoding="utf-8")
    rows, problems = looked_at(tmp_path / name)
    assert problems == ()
    assert rows[0].catalog == "Props/Chairs"


def test_every_column_is_on_the_page() -> None:
    for name in (*COLUMNS, *EXPORTS):
        assert f"`{name}`" in PAGE, name


def test_every_option_is_on_the_page() -> None:
    known = vars(parse(["batch", "x.csv"], "triverse"))
    for name in known.keys() - {"command", "file", "json", "offline"}:
        assert f"--{name.replace('_', '-')}" in PAGE, name


def test_every_picture_on_the_page_is_there() -> None:
    found = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", PAGE)
    assert found
    for name in found:
        assert (Path(__file__).resolve().parents[2] / "docs" / name).is_file(), name
