"""The partner bank: messages, signatures, client, callbacks, and a simulated bank."""
