"""Configuration and its levels: read, checked, merged, changed.

    store.py             the way in: `ConfigStore`
    layers.py            levels as values, and how they become one `Settings`
    check.py             one level validated: what is wrong is named and left out
    toml_files.py        reading TOML that may be wrong, or hostile
    toml_positions.py    where each key stands
    client_settings.py   the editor's settings
    workspace_config.py  `.halley.toml`: what a repository may ask for
    workspace_files.py   the files with which it speaks
    rule_files.py        rules of folders and skills
    trust.py             which repositories are believed
    selections.py        models that were picked
    tool_picks.py        tools that were picked
    writer.py            changing config.toml, comments kept

The settings themselves are defined in `core/settings.py`.
"""
