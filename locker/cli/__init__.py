"""The command ``locker``: one file a group of commands, each imported only when it is asked for.

Knows how to read arguments and how to print; every decision is made elsewhere.
"""
