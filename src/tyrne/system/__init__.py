"""Systems: which programs run as which tasks, with which capabilities. Read, check, build, run."""
