# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a batch, as read and as checked, and what is wrong with them."""
