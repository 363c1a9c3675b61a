# SPDX-License-Identifier: GPL-3.0-or-later
"""The lower part of the sidebar tab: the task list, the selected task, and their operators."""
