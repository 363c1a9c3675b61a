# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-up: preferences, operators for key, online access and folders, and what operators ask of it."""
