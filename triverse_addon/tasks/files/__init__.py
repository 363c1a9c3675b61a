# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a task and of the store: folders, privacy, locks, downloads, image headers, integrity, removal."""
