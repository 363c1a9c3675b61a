# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the ground floor and of the stand-in. Plain Python, no ``bpy``: ``python -m pytest tests/api``."""
