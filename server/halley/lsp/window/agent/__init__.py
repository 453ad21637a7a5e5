"""What a window gives its agents.

workbench.py       its files: open ones by the editor, others on disk
language_tools.py  what the editor's other language servers know
language_edits.py  edits they answer with, read strictly
forms.py           forms of tool servers, as message boxes
tool_questions.py  which tools are on, and approval of a call
pending.py         calls that wait for approval
"""
