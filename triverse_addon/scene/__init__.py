# SPDX-License-Identifier: GPL-3.0-or-later
"""
From a file on disk to a model in the scene.

Floor: second. Thread: see each module. Imports nothing by itself, so that reading it costs nothing.

A GLB becomes a model in two steps. A child Blender (``child.converter`` starts it, ``worker.convert_worker`` is what it
runs) reads the GLB with Blender's own importer and writes an uncompressed .blend; the user's Blender only appends that
(``importing.append``). Where no child can be started, ``importing.in_process`` runs the importer in the user's Blender.

What cannot be uploaded as it is (a foreign picture, chosen objects) is made ready by a child Blender too:
``child.preparer`` starts it, ``worker.prepare_worker`` is what it runs.

The modules of ``worker`` import nothing of this package: a child runs ``convert_worker.py``,
``library_worker.py`` or ``prepare_worker.py`` as a plain script beside the others, without the add-on.
"""
