"""Which model answers, how often it is asked, what it cost.

    router.py        the composition: budgeted(Failover([metered(model), ...]))
    selection.py     role → route: whose choice wins, and why
    defaults.py      what is asked when no model was chosen
    registry.py      providers, built once for each endpoint
    targets.py       what the router needs of them
    catalogue.py     model lists, cached and refreshed
    keys.py          which key a request is sent with
    failover.py      along the route, before the first token
    trip.py          one call on its way: what was tried, what comes next
    retry.py         the table of what may be sent again
    retry_budget.py  how much retrying a host is worth
    cooldown.py      hosts that rest, and their probe
    queue.py         whose turn it is at a busy provider
    waits.py         waits that a user can see and end
    metering.py      one ledger row for each call
    repeating.py     stops a reply that goes round in circles
    spending.py      money limits, before the call
    team_spending.py a team's money limits, beside the user's own
    forecast.py      what the month will cost at this rate
    prices.py        what a token costs, where that is known
    price_list.py    its child process
    near.py          names that are close to one
    clock.py         time and chance, as values

Nothing here knows a wire, a prompt's meaning or an editor. Start with `router.py`.
"""
