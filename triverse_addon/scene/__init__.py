# SPDX-License-Identifier: GPL-3.0-or-later
"""
Import models from files into scenes, and export images and objects from Blender to files for upload.

Floor: second. Thread: see each module. Imports nothing, so importing the package itself is free.

A GLB is imported in two steps. A child Blender (started by ``child.converter``, running ``worker.convert_worker``)
reads the GLB with Blender's own importer and writes an uncompressed .blend. The user's Blender only appends that .blend
(``importing.append``). Where no child can be started, ``importing.in_process`` runs the importer in the user's Blender.

A source that cannot be uploaded as it is (an image in another format, selected objects) is converted in a child Blender
too: ``child.preparer`` starts it, and it runs ``worker.prepare_worker``.

The modules of ``worker`` import nothing from this package: a child runs ``convert_worker.py``, ``library_worker.py`` or
``prepare_worker.py`` as a plain script that imports the modules of its own folder, without the add-on.
"""
