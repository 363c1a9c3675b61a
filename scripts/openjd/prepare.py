# SPDX-License-Identifier: GPL-3.0-or-later
"""
Fill in the job bundle for Open Job Description and AWS Deadline Cloud.

    python scripts/openjd/prepare.py props.csv --library props --bundle /tmp/props-job --max-credits 5000
    deadline bundle submit /tmp/props-job

Reads the batch file as the command ``triverse batch`` does, and writes a copy of ``triverse_batch`` into the folder of
``--bundle``: with the number of rows, the options, and in ``asset_references.yaml`` every picture and model that a row
names, so that they travel to the workers.

No floor (for farms); standard library only, any Python from 3.11 on. Sends nothing. Never imports ``bpy``.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from triverse_addon.api.errors import TriverseError
from triverse_addon.api.flows import Kind
from triverse_addon.batch.outside_files import ANY_FILE
from triverse_addon.batch.run.request import BatchRequest, check_request
from triverse_addon.tasks.record.record import is_url

BUNDLE = Path(__file__).resolve().with_name("triverse_batch")


class _AnyPicture:
    """Stands for the workers' Blender, which converts pictures that the service does not take as they are."""

    def takes(self, path: Path, kind: Kind) -> bool:
        return True


def main(argv: Sequence[str] | None = None) -> int:
    """Write the bundle. Exit code 2 if the batch file or an option is wrong, or the bundle cannot be written."""
    options = _parser().parse_args(_with_joined_options(sys.argv[1:] if argv is None else argv))
    file, library = Path(options.file).absolute(), Path(options.library).absolute()
    defaults = dict(text.partition("=")[::2] for text in options.set)
    allowed = frozenset({ANY_FILE} if options.allow_outside_files else ())
    if file.is_dir():
        return _refuse("Name a CSV, JSON or JSON Lines file: a folder of pictures does not travel as one.")
    try:
        found = check_request(BatchRequest(file, library, defaults=defaults, allowed=allowed), _AnyPicture())  # type: ignore[arg-type]
    except (TriverseError, OSError) as error:
        return _refuse(str(error))
    if found.problems:
        return _refuse(*(str(problem) for problem in found.problems))
    sources = {path: row for row in found.rows for path in row.sources.values() if not is_url(path)}
    fixed = [
        f"Line {row.line}: {path} has a place of this machine, where a worker does not find it. Write it relative to "
        "the file."
        for row in found.rows
        for path in row.written_sources.values()
        if not is_url(path) and (os.path.isabs(path) or path.startswith(("~", "file:")))
    ]
    if fixed:
        return _refuse(*fixed)
    try:
        more = shlex.split(options.options)
    except ValueError:
        return _refuse(f"A quote in these options has no end: {options.options}")
    more += [word for text in options.set for word in ("--set", text)]
    more += ["--allow-outside-files"] if options.allow_outside_files else []
    values = {
        "BatchFile": str(file),
        "Library": str(library),
        "Rows": len(found.rows),
        "ChunkSize": options.chunk_size,
        "MaxCredits": options.max_credits,
        "RetryFailed": "yes" if options.retry_failed else "no",
        "Options": shlex.join(more),
    }
    try:
        _write(Path(options.bundle), values, sorted(sources))
    except OSError as error:
        return _refuse(f"The folder {options.bundle} cannot be written ({error.strerror}). Name another with --bundle.")
    print(f"{options.bundle}: {len(found.rows)} rows, {len(sources)} pictures and models.")
    return 0


def _with_joined_options(argv: Sequence[str]) -> list[str]:
    """Return the arguments with what follows ``--options`` joined to it: argparse takes "--glb-only" for an option."""
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] == "--options":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Fill in the Open Job Description bundle for a Triverse batch.")
    parser.add_argument("file", metavar="FILE", help="a CSV, JSON or JSON Lines file")
    parser.add_argument("--library", metavar="DIR", required=True, help="asset library to write into")
    parser.add_argument("--bundle", metavar="DIR", required=True, help="where the filled-in bundle goes")
    parser.add_argument("--chunk-size", metavar="N", type=int, default=25, help="rows in one task (default: 25)")
    parser.add_argument("--max-credits", metavar="N", type=int, default=0, help="most credits for all rows; 0 for any")
    parser.add_argument("--retry-failed", action="store_true", help="only rows that failed, and those again")
    parser.add_argument("--set", metavar="COLUMN=VALUE", action="append", default=[], help="as of triverse batch")
    parser.add_argument("--allow-outside-files", action="store_true", help="as of triverse batch")
    parser.add_argument("--options", metavar="TEXT", default="", help="more options of triverse batch, in one text")
    return parser


def _write(bundle: Path, values: dict[str, object], filenames: list[str]) -> None:
    bundle.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(BUNDLE / "template.yaml", bundle / "template.yaml")
    # JSON is YAML, and no library is needed to write it.
    parameters = {"parameterValues": [{"name": name, "value": value} for name, value in values.items()]}
    references = {
        "inputs": {"filenames": filenames, "directories": []},
        "outputs": {"directories": []},
        "referencedPaths": [],
    }
    for name, value in (("parameter_values", parameters), ("asset_references", {"assetReferences": references})):
        text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        (bundle / f"{name}.yaml").write_text(text, encoding="utf-8")


def _refuse(*sentences: str) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
