"""Keys, each bound to its origin.

    store.py     the way in: `SecretStore`
    keyrings.py  the system's keyring
    sources.py   environment, files and commands
    origins.py   scheme, host and port

Which key a request is sent with is `routing/keys.py`'s business.
"""
