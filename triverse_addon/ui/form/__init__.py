# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inputs of the panel to a request."""
