"""HTTP: connections, TLS, proxies, limits."""
