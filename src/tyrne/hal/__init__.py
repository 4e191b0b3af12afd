"""What a board must offer, and the pure arithmetic that boards share: descriptors, syndromes, time."""
