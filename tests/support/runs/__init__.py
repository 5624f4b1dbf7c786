"""A run on every backend: its parts, what each test showed there, and if they agree."""
