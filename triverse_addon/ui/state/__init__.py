# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows, without drawing it."""
