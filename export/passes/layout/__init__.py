"""Where the channels stand between convolutions, and which transposes remain."""
