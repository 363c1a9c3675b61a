# SPDX-License-Identifier: GPL-3.0-or-later
"""From the files of a user to checked rows."""
