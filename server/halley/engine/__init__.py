"""Pure text work: contexts, prompts, replies, edits. Text in, values out.

Nothing here does I/O, reads a clock or awaits; nothing here knows which model answers. A bad reply gives
`(edits, problems)`, never an exception that loses the text.
"""
