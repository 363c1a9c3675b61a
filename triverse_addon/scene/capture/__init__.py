# SPDX-License-Identifier: GPL-3.0-or-later
"""Write images and objects of the open .blend to files, as sources of tasks."""
