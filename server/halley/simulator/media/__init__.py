"""Pictures, sound and films: real files, computed from the words of the request.

routes.py   the paths, and speech and transcription
jobs.py     work that takes its time: videos and Midjourney's grids
images.py   PNG
sound.py    WAV
film.py     AVI
"""
