# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch leaves beside the models: the report and the contact sheets."""
