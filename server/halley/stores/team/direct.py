"""One statement on the event loop itself, by libpq's own calls, without the two changes of threads of `call`.

For what every call to a model waits for. The connection must be open and used by no one else until this returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

Row = tuple[bytes | None, ...]


class NotHere(Exception):
    """The server refused the statement, or this loop cannot wait for sockets: `TeamServer.call` says what is wrong."""


async def ask_directly(connection: PGconn, query: bytes, values: Sequence[bytes]) -> list[Row]:
    """The rows of one statement, as text. `values` are text, too, for `$1`, `$2` …

    Raises NotHere, and psycopg.Error for a broken connection. After that, or when it is cancelled, an answer may still
    be under way: the connection has to be closed.
    """
    from psycopg import pq

    loop = asyncio.get_running_loop()
    answered: asyncio.Future[None] = loop.create_future()
    results: list[PGresult] = []

    def read() -> None:
        try:
            connection.flush()
            connection.consume_input()
            # Up to the server's word that it is ready for the next one: before it, `get_result` would block the loop.
            while not answered.done() and not connection.is_busy():
                result = connection.get_result()
                if result is None:
                    answered.set_result(None)
                else:
                    results.append(result)
        except Exception as error:
            if not answered.done():
                answered.set_exception(error)

    try:
        loop.add_reader(connection.socket, read)
    except NotImplementedError:  # Windows' own loop
        raise NotHere from None
    try:
        connection.send_query_params(query, values)
        connection.flush()
        await answered
    finally:
        loop.remove_reader(connection.socket)
    result = results[0] if len(results) == 1 else None
    if result is None or result.status != pq.ExecStatus.TUPLES_OK:
        raise NotHere
    columns = range(result.nfields)
    return [tuple(result.get_value(row, column) for column in columns) for row in range(result.ntuples)]
