"""Verifiable instructions: pure functions from a response and an instruction's arguments to whether it was followed.

One file a family; `known` maps the published ids to the functions and checks arguments; `loose` makes the lenient variants.
Every function runs in time linear in the text (times the number of words asked for): no pattern can be made to backtrack.
"""
