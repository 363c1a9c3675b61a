# SPDX-License-Identifier: GPL-3.0-or-later
"""The lower part of the sidebar tab: the list of tasks, and the chosen one."""
