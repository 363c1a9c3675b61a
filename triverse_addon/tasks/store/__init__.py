# SPDX-License-Identifier: GPL-3.0-or-later
"""The store on disk: its tables, questions to it, who drives a task, and where it lies."""
