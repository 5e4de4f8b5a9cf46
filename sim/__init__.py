"""The far side of every wire and the cabinet behind it: written from the documents, never from the drivers' code."""
