"""Source code as text: languages, syntax trees, symbols, layout, meaning."""
