# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of the panel, and the task requests that are built from them."""
