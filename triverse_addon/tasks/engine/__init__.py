# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: its threads and the work done for a task in each stage."""
