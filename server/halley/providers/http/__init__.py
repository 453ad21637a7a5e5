"""HTTP: one request, one answer, and what may go wrong between them. The only folder that knows httpx and aiohttp.

    client.py               `Http.send`: a request goes out, its answer comes back as soon as its headers do
    answer.py               an answer: its body, read within bounds of time and size
    watch.py                the bound on silence while a body is read
    forms.py                fields and files for `multipart/form-data`
    transport.py            the seam: an httpx transport over aiohttp's connections
    pool.py                 one transport for each proxy and certificate, shared and closed when idle
    tls.py                  which certificates are trusted
    proxies.py              which proxy a request takes
    addresses.py            which addresses belong to the open network
    unpack.py               compressed bodies, unpacked in bounded pieces
    connection_errors.py    httpx's exceptions → `core.errors`

Third-party exceptions become ours here and go no further. Start with `client.py`.
"""
