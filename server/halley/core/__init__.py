"""Values, ports, errors and settings: what every layer may know.

Nothing here imports anything of ours outside `core`, does I/O, reads a clock or awaits. Start with
`errors.py` (the error tree), `events.py` (what a reply is made of) and `ports.py` (the seams).
"""
