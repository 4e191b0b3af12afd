"""What docs/security.md promises, sentence by sentence, beside the tests that pin it: `make promises`."""
