"""`python -m tyrne`: the command, for a debugger, or where it is not on the path."""

from tyrne.cli.main import main

if __name__ == "__main__":
    main()
