"""The content of each kind of event: classes, the table of kinds and classes, and the codec.

One frozen class for each kind. ``docs/reference/events.md`` describes the same. Times are
milliseconds, forces tenths of a newton (``_dn``). Words of a phase, a question or a request are
those of their own modules; a text that older programs may have written otherwise stays text.
"""
