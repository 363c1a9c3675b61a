# SPDX-License-Identifier: GPL-3.0-or-later
"""The upper part of the sidebar tab: the inputs of a new task, and the operators that submit it."""
