# SPDX-License-Identifier: GPL-3.0-or-later
"""
Batches: many models from one file, each checked, ordered once, and written into an asset library.

Floor: between first and second. Thread: see each module. No ``bpy``: Blender's part is passed in as a
:class:`library.asset_writer.AssetWriter`. This package imports nothing itself.

::

    input: read -> check -> order ids        all problems of all rows, before anything is sent
                              |
    ledger (library folder) --+--> plan --> quotes --> runner --> assets, catalogs
    store (tasks)           --+                            |
                                                           +----> report, contact sheet
"""
