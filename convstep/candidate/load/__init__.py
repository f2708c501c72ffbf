"""From a name on the command line to a function in memory, in the child process."""
