# SPDX-License-Identifier: GPL-3.0-or-later
"""A task: its record, and what follows from it alone."""
