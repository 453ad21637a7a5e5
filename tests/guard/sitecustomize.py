"""Runs at the start of every Python process that has this folder on its path."""

import network_guard

network_guard.forbid()
