# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of tasks: its tables, queries, leases and location."""
