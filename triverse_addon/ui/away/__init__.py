# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells a user who looks elsewhere that a task has ended: the system's own notification, and a sound."""
