"""A consumer seen from another process: the wire, its server and client, and several consumers as one fleet."""
