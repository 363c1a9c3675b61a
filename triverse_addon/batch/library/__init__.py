# SPDX-License-Identifier: GPL-3.0-or-later
"""The library folder: its ledger, its catalogs, and the files written into it."""
