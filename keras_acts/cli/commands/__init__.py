"""The commands, one in each file; `app` names them."""
