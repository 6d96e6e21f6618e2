"""JavaScript Workers, by QuickJS: the engine, and what Workers find on globalThis."""
