# SPDX-License-Identifier: GPL-3.0-or-later
"""The properties that hold the inputs of the panel, and the task requests that are built from them."""
