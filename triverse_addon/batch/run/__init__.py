# SPDX-License-Identifier: GPL-3.0-or-later
"""From checked rows to models: the price, what is left to do, and the run itself."""
