# SPDX-License-Identifier: GPL-3.0-or-later
"""The clockwork that drives the engine in a window."""
