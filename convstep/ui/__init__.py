"""The terminal: Textual screens and widgets."""

from convstep.later import tls_later

tls_later()
