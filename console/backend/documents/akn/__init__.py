"""Akoma Ntoso 3: documents written as XML, and XML taken in as a source. Loads lxml, which nothing else does."""
