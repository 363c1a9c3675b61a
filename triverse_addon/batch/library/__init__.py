# SPDX-License-Identifier: GPL-3.0-or-later
"""The library folder: what it remembers, its catalogs, and the files that are written into it."""
