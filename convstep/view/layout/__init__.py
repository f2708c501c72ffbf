"""Where the parts stand: pure functions of sizes."""
