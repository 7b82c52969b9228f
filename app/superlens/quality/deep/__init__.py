"""Deep-feature metrics: the only room of `quality` in which torch may be used.

Loaded by the engine alone, never by the window. No weights ship here but our own; networks of
others are architectures whose numbers come from a file of the user.
"""
