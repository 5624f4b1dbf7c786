"""One command a file; `app` gives them their names."""
