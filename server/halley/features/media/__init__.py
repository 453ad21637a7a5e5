"""Pictures, speech, transcription and video.

orders.py     an order, checked and ready to be sent
works.py      the process's tasks: begun, followed, resumed, cancelled
following.py  a host's job, until its result is on disk
names.py      what a file is called, and the link to it
saving.py     a result into a workspace
shapes.py     tasks as clients see them
"""
