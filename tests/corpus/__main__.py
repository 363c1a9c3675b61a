# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the corpus into a folder: ``python -m tests.corpus FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.corpus.cases import corpus


def main() -> int:
    """Write every file. Exit code 2 without a folder."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    cases = corpus()
    for case in cases:
        (folder / f"{case.name}.glb").write_bytes(case.data)
    print(f"{len(cases)} files in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
