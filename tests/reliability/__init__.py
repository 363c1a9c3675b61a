# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing lost, nothing leaked: the real engine and client against every fault the stand-in can make."""
