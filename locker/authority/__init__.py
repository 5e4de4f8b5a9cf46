"""Who may open what: tokens, the keys that signed them, and what time allows.

Start at ``token``: ``Authority.verify`` takes what a scanner read and says what the token allows, or why it allows
nothing. Pure computation: no clock, no randomness, no file, no network. Must never know doors, people or devices.
"""
