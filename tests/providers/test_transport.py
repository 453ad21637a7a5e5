def test_the_command_line_of_httpx_is_not_loaded_for_a_request() -> None:
    code = (
        "import sys, halley.providers.clients as c; c._import()\n"
        "assert not {'rich', 'pygments', 'click', 'httpx._main'} & set(sys.modules), 'more than a request needs'\n"
        "import httpx, httpx._main\n"
        "httpx.AsyncClient"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
