# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that the panels show, and the ticks that update it. Nothing here draws."""
