# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a task: download, image headers, integrity."""
