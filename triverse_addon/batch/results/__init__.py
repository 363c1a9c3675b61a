# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of a batch in addition to the models: the report and the contact sheets."""
