# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading of batch files: from a user's files to checked rows."""
