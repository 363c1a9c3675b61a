# SPDX-License-Identifier: GPL-3.0-or-later
"""
The corpus: more than two hundred small files, each with what is expected of it. Plain Python, no ``bpy``.

``python -m tests.corpus FOLDER`` writes them, for ``scripts/corpus.py`` or any other reader.
"""

from __future__ import annotations

from tests.corpus import files, materials, meshes, movement, nodes
from tests.corpus.case import Case


def corpus() -> list[Case]:
    """Return all cases; their names are unique."""
    modules = (meshes, materials, nodes, movement, files)
    made = [case for module in modules for group in module.GROUPS for case in group()]
    assert len({case.name for case in made}) == len(made)
    return made
