"""Pages of the site that come from outside of `docs/`."""
