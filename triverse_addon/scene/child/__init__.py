# SPDX-License-Identifier: GPL-3.0-or-later
"""Start child Blender processes, pass jobs to them, read their results, and enforce their limits."""
