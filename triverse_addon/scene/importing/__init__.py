# SPDX-License-Identifier: GPL-3.0-or-later
"""Import models from disk into the user's scene."""
