# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: its threads, and what is done for a task in each stage."""
