# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of the panel: their translation, and their layout."""
