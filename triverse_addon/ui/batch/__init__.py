# SPDX-License-Identifier: GPL-3.0-or-later
"""The Batch panel and its operators."""
