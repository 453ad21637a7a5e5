"""`halley key` beside a damaged file of keys: said on stderr, and the old file is kept."""

from __future__ import annotations


def test_a_damaged_file_of_keys_is_set_aside_and_reported(halley, simulator_url):
    halley.configure(f'[providers.sim]\nbase_url = "{simulator_url}"\nkey = {{ keyring = true }}\n')
    assert halley("key", "set", "sim", "--store", "file", stdin="sk-canary-0123456789\n").code == 0
    file = halley.home / "data" / "secrets.json"
    cut = file.read_bytes()[:-5]
    file.write_bytes(cut)
    ran = halley("key", "set", "sim", "--store", "file", stdin="sk-another-0123456789\n")
    assert ran.code == 0
    (aside,) = file.parent.glob("secrets.json.damaged-*")
    assert aside.read_bytes() == cut and str(aside) in ran.err and "halley key set" in ran.err
    assert aside.stat().st_mode & 0o777 == 0o600
    assert "sk-canary" not in ran.out + ran.err
    assert str(aside) not in halley("key", "list").err
