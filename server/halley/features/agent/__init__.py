"""The agent: a chat whose model edits files and runs commands, by the user's leave.

    modes.py        which mode a chat is in, and what each lets a model do
    work.py         one reply of an agent: where it works, with what, whom it tells
    toolbox.py      the tools that act, as they are offered
    paths.py        what a path of a call means, and why it may not be touched
    editing.py      edit_file, create_file, move_file, delete_file
    renaming.py     rename_symbol
    diffs.py        edits in words: for the user, and which parts were approved
    running.py      run_command, read_output, stop_command
    planning.py     write_plan, mark_step
    tasks.py        task: a part of the work for a model of its own
    language.py     what language servers know, asked of the editor
    rules.py        rules of folders and skills that the user trusts
    checkpoints.py  taking back what was done
    on_disk.py      a workspace without an editor

A call is prepared first: checked, and turned into the exact diff or command that the user sees. Only what was prepared
is run, once it is approved (`features/tools/approving.py`). Texts are read and written through `Workbench`, commands
run by `Terminals` (`core/ports.py`), so that an editor's window, the command line and other protocols share all this.
"""
