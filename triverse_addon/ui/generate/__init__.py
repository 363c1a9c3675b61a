# SPDX-License-Identifier: GPL-3.0-or-later
"""The upper part of the sidebar tab: what to make."""
