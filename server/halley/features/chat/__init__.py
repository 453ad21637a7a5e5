"""Chat: conversations that know the code, kept by the workspace.

    send.py              the way in: one turn, from what was typed to its replies
    turns/               the kinds of turns, one file each
    steering.py          what runs in chats: waiting messages, stopping
    resending.py         a turn again in other words, with the files as they were
    desk.py              what a chat needs around it
    messages.py          the prompt of a conversation
    variables.py         `#variables`: what each brings in
    pictures.py          pictures among the attachments
    commands.py          slash commands
    input_completion.py  completion of what is typed
    answering.py         one model's reply, streamed into the store
    tool_turn.py         a reply with tools
    tool_offers.py       prompts and resources of tool servers
    blind.py             comparing without names
    compaction.py        long chats summarised in time
    title.py             a chat's title
    rush.py              many chats together: what waits, and who begins next
    events.py            events of a reply, as the protocol has them
    shapes.py            chats as the protocol shows them
    rendering.py         a reply as it may be shown
    markdown.py          a chat as Markdown
    context.py           what was sent for a reply
    transfer.py          a chat as JSON that can be imported

`stores/chats` describes what is stored, and how.
"""
