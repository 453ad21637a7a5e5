"""HTTP: connections, TLS, proxies, limits and deadlines. The only place that knows an HTTP library.

    transport.py          the way in: `Http` sends a request and gives its answer
    clients.py            connections, kept by endpoint
    tls.py                which certificates are believed
    proxies.py            which proxy a request goes by
    addresses.py          which hosts lie on the open network
    unpack.py             compressed bodies
    multipart.py          forms with files
    connection_errors.py  failures of the connection → core.errors

Redirects are not followed, cookies not kept, nothing is sent twice.
"""
