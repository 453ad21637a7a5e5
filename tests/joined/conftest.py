"""Editors that share a daemon: the fixture is in `joined.py`, which `tests/security` uses as well."""

from joined import editors as editors
