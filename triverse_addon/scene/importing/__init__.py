# SPDX-License-Identifier: GPL-3.0-or-later
"""From a model on disk into the scene of the user."""
