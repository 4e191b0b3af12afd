"""What the language refuses, apart from what lowering itself finds."""
