"""Static advice on a model: its calls as a graph, and the rules that read it."""
