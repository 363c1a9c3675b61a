# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a task: how they come from the network, and what is known of them."""
