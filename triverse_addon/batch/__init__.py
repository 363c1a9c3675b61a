# SPDX-License-Identifier: GPL-3.0-or-later
"""
Many models from one file: read and checked, ordered once each, written into an asset library.

Floor: between first and second. Thread: see each module. No ``bpy``: Blender's part is handed in as an
:class:`library.asset_writer.AssetWriter`. Imports nothing by itself.

::

    reading -> checking -> identity          every row, every problem, before anything is sent
                              |
    ledger (library folder) --+--> plan --> prices --> runner --> assets, catalogs
    store (tasks)           --+                            |
                                                           +----> report, sheet
"""
