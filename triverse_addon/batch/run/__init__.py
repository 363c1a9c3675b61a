# SPDX-License-Identifier: GPL-3.0-or-later
"""Running of a batch, from checked rows to models: prices, plan, and the run itself."""
