# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzzing of whatever reads what came from outside. Longer by hand: see ``test_fuzz.py``."""
