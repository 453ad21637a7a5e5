"""Agents work in the windows and daemons of `tests/e2e`."""

from windows import config as config
from windows import daemon as daemon
from windows import demo as demo
from windows import shared_daemon as shared_daemon
from windows import window as window
from windows import workspace as workspace
