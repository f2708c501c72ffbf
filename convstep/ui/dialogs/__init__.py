"""What opens over the debugger: it answers one question and closes."""
