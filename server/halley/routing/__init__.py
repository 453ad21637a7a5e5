"""Which model answers, how often it is asked, what it cost.

    router.py       the composition: Budgeted(Failover([Metered(model), ...]))
    selection.py    role → route: whose choice wins, and why
    registry.py     providers, built once for each endpoint      catalogue.py    model lists, cached and refreshed
    failover.py     along the route, before the first token      retry.py        the table of what may be sent again
    retry_budget.py how much retrying a host is worth            cooldown.py     hosts that rest, and their probe
    queue.py        whose turn it is at a busy provider          waits.py        waits a person can see and end
    metering.py     one ledger row for each call                 spending.py     money limits, before the call
    prices.py       what a token costs, where anybody knows      price_list.py   its child process
    keys.py         which key a request is sent with             targets.py      what the router needs of them
    near.py         names that are close to one                  clock.py        time and chance, as values

Nothing here knows a wire, a prompt's meaning or an editor. Start with `router.py`.
"""
