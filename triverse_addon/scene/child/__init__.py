# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts and guards child Blenders, and hands them their jobs."""
