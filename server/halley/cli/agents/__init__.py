"""Halley and other agents. Each command is imported when it is asked for.

acp.py         Halley as an agent for editors that speak the Agent Client Protocol
serving.py     the process of that agent
run.py         other agents, started with Halley's provider, model and key
programs.py    what each of them is given
counting.py    what they wrote down of their calls, for the ledger
"""
