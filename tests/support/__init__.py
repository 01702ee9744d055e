"""Parts that tests share: fakes, prepared runs, signers, servers and waiting."""
