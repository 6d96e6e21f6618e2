"""The JavaScript engine: Workers in JavaScript on the same thread, by QuickJS."""
